import type {
  EvaluationFailure,
  FromEvaluator,
  PartAssignment,
  PartSuccess,
  ToEvaluator,
} from '../../../contract/evaluator-protocol.js';
import type { ProcessBounds } from './bounded-command.js';
import { Child } from './child.js';
import type { Gone } from './gone.js';

export type EvaluationOutcome =
  | { readonly kind: 'succeeded'; readonly success: PartSuccess }
  | { readonly kind: 'failed'; readonly failure: EvaluationFailure }
  | Gone;

/** A process that works on parts, one after another. */
export interface PartChild {
  readonly alive: boolean;
  run(assignment: PartAssignment, onProgress: () => void): Promise<EvaluationOutcome>;
  kill(reason: string): Promise<void>;
}

/** An evaluator. It takes one assignment after another, and keeps its networks loaded between them. */
export class EvaluatorChild implements PartChild {
  readonly #child: Child<ToEvaluator, FromEvaluator>;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv, bounds: ProcessBounds) {
    this.#child = new Child({ name: 'evaluator', command, env, bounds });
  }

  get alive(): boolean {
    return this.#child.alive;
  }

  async run(assignment: PartAssignment, onProgress: () => void): Promise<EvaluationOutcome> {
    if (assignment.kind === 'assembly') throw new Error('checkpoints are assembled by a trainer');
    await this.#child.ready;
    return this.#child.ask<EvaluationOutcome>({ type: 'run', assignment }, (message) => {
      if (message.type === 'succeeded') return { kind: 'succeeded', success: message.success };
      if (message.type === 'failed') return { kind: 'failed', failure: message.failure };
      if (message.type === 'progress') onProgress();
      return undefined;
    });
  }

  kill(reason: string): Promise<void> {
    return this.#child.kill(reason);
  }
}
