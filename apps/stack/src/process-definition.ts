/** A process of the system and how it is run. */
export interface ProcessDefinition {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Names of the processes that must be ready before this one is started. */
  readonly needs: readonly string[];
  /** The port it listens on: free before the start, and asked when nothing else tells that the process is ready. */
  readonly port: number;
  /** A URL that answers 200 when the process is ready. */
  readonly readyUrl?: string;
  readonly stopSignal: NodeJS.Signals;
  /** Node processes notice by their IPC channel that their parent is gone. */
  readonly ipc: boolean;
  /** How far it stands back where the CPU is short: 1 to 19, see nice(1). Default: not at all. */
  readonly nice?: number;
  /** Runs before each start. */
  readonly prepare?: () => Promise<void>;
  /** Runs once the process listens, before it counts as ready. */
  readonly complete?: () => Promise<void>;
}
