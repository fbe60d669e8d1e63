/**
 * Reads MQSC, IBM MQ's command language, as runmqsc does: one command a line, continued by a trailing `+`
 * (the next line from its first non-blank) or `-` (the next line from its start), ended by a line's end or
 * `;`. A line that begins with `*` is a comment. Words are in upper case unless they are quoted.
 */

export interface Word {
  /** In upper case. */
  keyword: string;
  /** What stands in parentheses, without quotes; lists are as they are written. */
  argument?: string;
}

export interface Command {
  /** Where it begins, from 1. */
  line: number;
  text: string;
  words: Word[];
  /** Why it cannot be read; `words` is then empty. */
  problem?: string;
}

export function parseMqsc(source: string): Command[] {
  return logicalLines(source).flatMap(({ line, text }) => {
    const commands = splitCommands(text);
    return commands.map((command) => parseCommand(line, command));
  });
}

interface LogicalLine {
  line: number;
  text: string;
}

function logicalLines(source: string): LogicalLine[] {
  const result: LogicalLine[] = [];
  let open: LogicalLine | undefined;
  for (const [index, raw] of source.split(/\r?\n/).entries()) {
    if (raw.startsWith('*')) continue;
    const trimmed = raw.trimEnd();
    if (!open && trimmed.trim() === '') continue;
    const continues = trimmed.endsWith('+') || trimmed.endsWith('-');
    const content = continues ? trimmed.slice(0, -1) : trimmed;
    if (open) open.text += content;
    else open = { line: index + 1, text: content.trimStart() };
    if (trimmed.endsWith('+')) open.text = `${open.text}${CONTINUED}`;
    if (continues) continue;
    result.push(finished(open));
    open = undefined;
  }
  if (open) result.push(finished(open));
  return result;
}

/** Marks where a `+` ended a line, after which leading blanks do not count. */
const CONTINUED = '\u0000';

function finished(line: LogicalLine): LogicalLine {
  // oxlint-disable-next-line no-control-regex -- the mark is a control character so that no file holds it
  return { ...line, text: line.text.replace(/\u0000[ \t]*/g, '') };
}

/** Splits at semicolons outside quotes. */
function splitCommands(text: string): string[] {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (text[i] === "'") quoted = !quoted;
    if (i < text.length && (quoted || text[i] !== ';')) continue;
    const part = text.slice(start, i).trim();
    if (part !== '') parts.push(part);
    start = i + 1;
  }
  return parts;
}

function parseCommand(line: number, text: string): Command {
  const scanner = new Scanner(text);
  try {
    return { line, text, words: scanner.words() };
  } catch (error) {
    return { line, text, words: [], problem: (error as Error).message };
  }
}

class Scanner {
  private position = 0;

  constructor(private readonly text: string) {}

  words(): Word[] {
    const words: Word[] = [];
    for (;;) {
      this.skipBlanks();
      if (this.position >= this.text.length) return words;
      words.push(this.word());
    }
  }

  private skipBlanks(): void {
    while (/[\s,]/.test(this.text[this.position] ?? '')) this.position++;
  }

  private word(): Word {
    const start = this.position;
    while (this.position < this.text.length && !/[\s,()']/.test(this.text[this.position]!)) this.position++;
    const keyword = this.text.slice(start, this.position).toUpperCase();
    if (keyword === '') throw new Error(`unexpected ${this.text[this.position]}`);
    const before = this.position;
    while (this.text[this.position] === ' ') this.position++;
    if (this.text[this.position] === '(') return { keyword, argument: this.argument() };
    this.position = before;
    return { keyword };
  }

  private argument(): string {
    let depth = 0;
    let value = '';
    for (;;) {
      const character = this.text[this.position];
      if (character === undefined) throw new Error('a closing parenthesis is missing');
      if (character === "'") {
        value += this.quoted();
        continue;
      }
      this.position++;
      if (character === '(' && depth++ === 0) continue;
      if (character === ')' && --depth === 0) return value.trim();
      value += character.toUpperCase();
    }
  }

  /** A quoted string; two quotes in it stand for one. */
  private quoted(): string {
    let value = '';
    for (this.position++; ; this.position++) {
      const character = this.text[this.position];
      if (character === undefined) throw new Error('a closing quote is missing');
      if (character !== "'") {
        value += character;
      } else if (this.text[this.position + 1] === "'") {
        value += character;
        this.position++;
      } else {
        this.position++;
        return value;
      }
    }
  }
}
