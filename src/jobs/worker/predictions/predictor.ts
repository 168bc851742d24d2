import type { PredictionOutcome, PredictionTask } from '../../../contract/predictor-protocol.js';
import type { PredictorChild } from '../children/predictor-child.js';

/** A place for one predictor, which is started by the first question and replaced once it has ended. */
export class Predictor {
  private child: PredictorChild | null = null;

  constructor(
    private readonly start: () => PredictorChild,
    /** One that takes longer hangs, and is ended. */
    private readonly slowestMs: number,
  ) {}

  /** @throws PredictorGoneError where the process ends before it answers; the next question finds another */
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
