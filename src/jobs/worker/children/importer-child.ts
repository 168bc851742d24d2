import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type {
  FromImporter,
  ImportAssignment,
  ImportFailure,
  ImportProgress,
  ImportSuccess,
  ToImporter,
} from '../../../contract/importer-protocol.js';
import { boundedCommand, type ProcessBounds } from './bounded-command.js';

export type ImportOutcome =
  | { readonly kind: 'succeeded'; readonly success: ImportSuccess }
  | { readonly kind: 'failed'; readonly failure: ImportFailure }
  | { readonly kind: 'gone'; readonly message: string };

/** One importer process, from spawn to exit, for one import. */
export class ImporterChild {
  /** Resolves when the process has ended. */
  readonly gone: Promise<string>;
  readonly #child: ChildProcess;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv, bounds: ProcessBounds) {
    const [file = '', ...args] = boundedCommand(command, bounds);
    this.#child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.gone = endOf(this.#child);
  }

  /** @returns after the process has ended, so that nothing writes any more */
  async run(
    assignment: ImportAssignment,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ImportOutcome> {
    let outcome: ImportOutcome | null = null;
    this.#child.on('message', (message: FromImporter) => {
      if (message.type === 'ready') this.#send({ type: 'run', assignment });
      else if (message.type === 'progress') onProgress(message);
      else if (message.type === 'succeeded') outcome = { kind: 'succeeded', success: message.success };
      else outcome = { kind: 'failed', failure: message.failure };
    });
    const message = await this.gone;
    return outcome ?? (this.#child.signalCode === 'SIGXCPU' ? tooSlow() : { kind: 'gone', message });
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.gone;
  }

  #send(message: ToImporter): void {
    // The process may have ended in the meantime; `gone` reports that.
    this.#child.send(message, () => undefined);
  }
}

/** It would take as long again. */
function tooSlow(): ImportOutcome {
  const message =
    'the import took more processor time than an upload of any size may; send fewer or smaller images';
  return { kind: 'failed', failure: { code: 'dataset_too_large', message, problems: [], problem_count: 0 } };
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = await once(child, 'exit');
    return signal ? `the importer was killed by ${signal}` : `the importer exited with code ${code}`;
  } catch (error) {
    return `the importer could not be started: ${(error as Error).message}`;
  }
}
