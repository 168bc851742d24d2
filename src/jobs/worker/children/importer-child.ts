import type {
  FromImporter,
  ImportAssignment,
  ImportFailure,
  ImportProgress,
  ImportSuccess,
  ToImporter,
} from '../../../contract/importer-protocol.js';
import type { ProcessBounds } from './bounded-command.js';
import { Child } from './child.js';
import type { Gone } from './gone.js';

export type ImportOutcome =
  | { readonly kind: 'succeeded'; readonly success: ImportSuccess }
  | { readonly kind: 'failed'; readonly failure: ImportFailure }
  | Gone;

/** An importer. It makes one import and ends, because files of users may leave it in any state. */
export class ImporterChild {
  readonly #child: Child<ToImporter, FromImporter>;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv, bounds: ProcessBounds) {
    this.#child = new Child({ name: 'importer', command, env, bounds });
  }

  /** @returns after the process has ended, so that nothing writes any more */
  async run(
    assignment: ImportAssignment,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ImportOutcome> {
    await this.#child.ready;
    const outcome = await this.#child.ask<ImportOutcome>({ type: 'run', assignment }, (message) => {
      if (message.type === 'succeeded') return { kind: 'succeeded', success: message.success };
      if (message.type === 'failed') return { kind: 'failed', failure: message.failure };
      if (message.type === 'progress') onProgress(message);
      return undefined;
    });
    await this.#child.gone;
    return outcome.kind === 'gone' && outcome.signal === 'SIGXCPU' ? tooSlow() : outcome;
  }

  kill(reason: string): Promise<void> {
    return this.#child.kill(reason);
  }
}

/** It would take as long again. */
function tooSlow(): ImportOutcome {
  const message =
    'the import took more processor time than an upload of any size may; send fewer or smaller images';
  return { kind: 'failed', failure: { code: 'dataset_too_large', message, problems: [], problem_count: 0 } };
}
