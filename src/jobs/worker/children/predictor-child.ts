import type {
  FromPredictor,
  PredictionOutcome,
  PredictionTask,
  ToPredictor,
} from '../../../contract/predictor-protocol.js';
import type { ProcessBounds } from './bounded-command.js';
import { Child } from './child.js';

/** The predictor ended or was killed before it answered. */
export class PredictorGoneError extends Error {
  constructor(
    message: string,
    /** Questions that were open when it ended. */
    readonly questions: number,
  ) {
    super(message);
  }
}

/** A predictor. It handles several questions at once, so each has a number. */
export class PredictorChild {
  readonly #child: Child<ToPredictor, FromPredictor>;
  #asked = 0;
  #open = 0;
  #openAtEnd = 0;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv, bounds: ProcessBounds) {
    this.#child = new Child({ name: 'predictor', command, env, bounds });
    // Counts before the open questions learn of the end.
    void this.#child.gone.then(() => {
      this.#openAtEnd = this.#open;
    });
  }

  get alive(): boolean {
    return this.#child.alive;
  }

  /**
   * @param signal the predictor is told to stop, and answers soon
   * @throws PredictorGoneError
   */
  async ask(task: PredictionTask, signal: AbortSignal): Promise<PredictionOutcome> {
    const id = this.#asked++;
    const cancel = () => this.#child.send({ type: 'cancel', id });
    const isLate = !this.alive;
    this.#open += 1;
    try {
      const asked = this.#child.ask({ type: 'ask', id, task }, (message) =>
        message.type === 'answer' && message.id === id ? message : undefined,
      );
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel);
      const answer = await asked;
      if ('outcome' in answer) return answer.outcome;
      throw new PredictorGoneError(answer.message, isLate ? 1 : this.#openAtEnd);
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#open -= 1;
    }
  }

  kill(reason: string): Promise<void> {
    return this.#child.kill(reason);
  }
}
