import type {
  FromPredictor,
  PredictionOutcome,
  PredictionTask,
  ToPredictor,
} from '../../../contract/predictor-protocol.js';
import type { ProcessBounds } from './bounded-command.js';
import { Child } from './child.js';
import { cpuSecondsOf } from './cpu-time.js';

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
  /** Why it ends after its open questions. */
  #retired: string | null = null;

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

  get cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid);
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
      if (this.#open === 0 && this.#retired !== null) void this.kill(this.#retired);
    }
  }

  /** Ends it when its open questions are answered. It must get no others. */
  retire(reason: string): void {
    this.#retired = reason;
    if (this.#open === 0) void this.kill(reason);
  }

  kill(reason: string): Promise<void> {
    return this.#child.kill(reason);
  }
}
