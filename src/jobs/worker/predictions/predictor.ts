import type { PredictionOutcome, PredictionTask } from '../../../contract/predictor-protocol.js';
import type { PredictorChild } from '../children/predictor-child.js';

/** A predictor process that the first question starts and that is replaced after its end. */
export class Predictor {
  private child: PredictorChild | null = null;

  constructor(
    private readonly start: () => PredictorChild,
    /** A predictor that takes longer is considered hung and is killed. */
    private readonly slowestMs: number,
  ) {}

  /** @throws PredictorGoneError if the process ends before it answers. The next question starts another one. */
  async ask(task: PredictionTask): Promise<PredictionOutcome> {
    if (!this.child?.alive) this.child = this.start();
    const { child } = this;
    const patience = setTimeout(() => void child.kill(), this.slowestMs);
    try {
      return await child.ask(task);
    } finally {
      clearTimeout(patience);
    }
  }

  async close(): Promise<void> {
    await this.child?.kill();
  }
}
