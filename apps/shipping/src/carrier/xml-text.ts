const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

/**
 * Text as the content of an XML element, whatever it looks like. The `soap` package is told to escape nothing, because it
 * leaves alone what looks like a CDATA section.
 */
export const xmlText = (text: string): string =>
  text.replace(/[&<>\t\n\r]/g, (character) => REFERENCES[character] as string);
