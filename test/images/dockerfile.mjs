/**
 * Reads the part of a Dockerfile's language that ours is written in. What it does not know is an error, so that no step
 * is left out unseen.
 */

/** @returns {{ name: string, from: string, steps: { instruction: string, rest: string }[] }[]} the stages, in order */
export function readDockerfile(text) {
  const stages = [];
  const globals = {};
  for (const line of logicalLines(text)) {
    const [, instruction, rest] = /^([A-Z]+)\s+(.*)$/s.exec(line) ?? [];
    if (instruction === undefined) throw new Error(`Dockerfile: cannot read ${line}`);
    if (instruction === 'FROM') {
      const [, from, name] = /^(\S+) AS (\S+)$/.exec(substitute(rest, globals)) ?? [];
      if (name === undefined) throw new Error(`Dockerfile: every stage has a name here, not FROM ${rest}`);
      stages.push({ name, from, steps: [] });
    } else if (stages.length === 0) {
      if (instruction !== 'ARG') throw new Error(`Dockerfile: ${instruction} before the first FROM`);
      Object.assign(globals, assignments(rest));
    } else {
      stages.at(-1).steps.push({ instruction, rest });
    }
  }
  return stages;
}

function logicalLines(text) {
  const lines = [];
  let open = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) continue;
    open += line.endsWith('\\') ? `${line.slice(0, -1)} ` : line;
    if (line.endsWith('\\')) continue;
    if (open.trim() !== '') lines.push(open.trim());
    open = '';
  }
  return lines;
}

/** `A=1 B="two words"` as an object. */
export function assignments(rest) {
  const found = [...rest.matchAll(/([\w.]+)(?:=(?:"([^"]*)"|(\S*)))?/g)];
  return Object.fromEntries(found.map(([, name, quoted, plain]) => [name, quoted ?? plain ?? '']));
}

export function substitute(text, variables) {
  return text.replaceAll(/\$\{(\w+)\}/g, (_, name) => {
    if (variables[name] === undefined) throw new Error(`Dockerfile: ${name} is not set`);
    return variables[name];
  });
}
