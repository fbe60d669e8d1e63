import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { assignments, substitute } from './dockerfile.mjs';
import { runInside } from './sandbox.mjs';

/** A step that failed; `output` is what it printed. */
export class StepError extends Error {
  constructor(stage, step, output) {
    super(`${stage}: ${step}\n${output}`);
    this.stage = stage;
    this.output = output;
  }
}

/** What an image is besides its files. @typedef {ReturnType<typeof emptyImage>} Image */
const emptyImage = () => ({
  workdir: '/',
  environment: {},
  arguments: {},
  labels: {},
  user: '0',
  volumes: [],
  command: undefined,
  healthcheck: undefined,
  stopSignal: 'SIGTERM',
});

/** Carries out stages of a Dockerfile in folders, one for each stage's root. */
export class StageBuilder {
  #built = new Map();
  /** Steps that are passed over. */
  leavesOut = () => false;

  /**
   * @param {{ stages: ReturnType<import('./dockerfile.mjs').readDockerfile>, context: string, folder: string,
   *   node: string, arguments?: Record<string, string>, say: (line: string) => void }} options
   */
  constructor(options) {
    this.options = options;
  }

  /** @returns {Promise<Image & { root: string }>} the stage, built once, with all that it needs */
  build(name) {
    if (!this.#built.has(name)) this.#built.set(name, this.#build(name));
    return this.#built.get(name);
  }

  async #build(name) {
    const { stages, folder, say } = this.options;
    const { from, steps } = stages.find((stage) => stage.name === name);
    const root = join(folder, name);
    mkdirSync(root, { recursive: true });
    const image = { ...emptyImage(), root };
    if (stages.some((stage) => stage.name === from)) {
      const base = await this.build(from);
      Object.assign(image, structuredClone({ ...base, root, arguments: {} }));
      execFileSync('cp', ['-a', `${base.root}/.`, root]);
    }
    say(`building ${name}`);
    const left = steps.filter((step) => !this.leavesOut(step));
    for (const { instruction, rest } of left) await this.#carryOut(name, image, instruction, rest);
    return image;
  }

  async #carryOut(stage, image, instruction, rest) {
    const given = this.options.arguments ?? {};
    const value = () => substitute(rest, { ...image.environment, ...image.arguments });
    switch (instruction) {
      case 'ARG':
        Object.assign(image.arguments, assignments(rest), pick(given, Object.keys(assignments(rest))));
        break;
      case 'ENV':
        Object.assign(image.environment, assignments(value()));
        break;
      case 'LABEL':
        Object.assign(image.labels, assignments(value()));
        break;
      case 'WORKDIR':
        image.workdir = rest;
        mkdirSync(join(image.root, rest), { recursive: true });
        break;
      case 'USER':
        image.user = rest.split(':')[0];
        break;
      case 'VOLUME':
        image.volumes.push(rest);
        break;
      case 'CMD':
        image.command = JSON.parse(rest);
        break;
      case 'HEALTHCHECK':
        image.healthcheck = JSON.parse(rest.slice(rest.indexOf('CMD ') + 4));
        break;
      case 'STOPSIGNAL':
        image.stopSignal = rest;
        break;
      case 'EXPOSE':
        break;
      case 'COPY':
        await this.#copy(stage, image, rest);
        break;
      case 'RUN':
        await this.#run(stage, image, rest);
        break;
      default:
        throw new Error(`Dockerfile: the replay does not know ${instruction}`);
    }
  }

  async #copy(stage, image, rest) {
    const [, from, source, target] = /^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(rest) ?? [];
    if (target === undefined) throw new Error(`Dockerfile: the replay does not know COPY ${rest}`);
    const origin = from === undefined ? this.options.context : (await this.build(from)).root;
    const here = join(origin, source);
    if (!existsSync(here)) throw new StepError(stage, `COPY ${rest}`, `${source} is not there.`);
    const there = join(image.root, isAbsolute(target) ? target : join(image.workdir, target));
    cpSync(here, there, { recursive: true, verbatimSymlinks: true });
  }

  async #run(stage, image, rest) {
    const { code, output } = await runInside(
      {
        root: image.root,
        node: this.options.node,
        cwd: image.workdir,
        environment: { ...image.environment, ...image.arguments },
        uid: Number(image.user),
      },
      ['/bin/sh', '-c', rest],
    );
    if (code !== 0) throw new StepError(stage, `RUN ${rest}`, output);
  }
}

const pick = (values, names) =>
  Object.fromEntries(names.filter((name) => name in values).map((name) => [name, values[name]]));
