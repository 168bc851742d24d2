import type { PredictionOutcome, PredictionTask } from '../../../contract/predictor-protocol.js';
import { type PredictorChild, PredictorGoneError } from '../children/predictor-child.js';

/**
 * A predictor process that the first question starts and that is replaced after its end. Nobody knows which of several
 * questions ended it, so each of them is asked once more, alone in a process of its own: only the one at fault fails. A
 * process that has used its share of processor time answers its open questions and ends; the next question starts another.
 */
export class Predictor {
  private shared: PredictorChild | null = null;
  private readonly alone = new Set<PredictorChild>();
  private readonly retired = new Set<PredictorChild>();

  constructor(
    private readonly start: () => PredictorChild,
    /** A predictor that takes longer is considered hung and is killed. */
    private readonly slowestMs: number,
    /** Processor time after which a predictor is replaced. */
    private readonly cpuSeconds: number,
  ) {}

  /** @throws PredictorGoneError if a process ends that has only this question */
  async ask(task: PredictionTask, signal: AbortSignal): Promise<PredictionOutcome> {
    const shared = this.sharedChild();
    try {
      return await this.askChild(shared, task, signal);
    } catch (error) {
      const isInnocent = error instanceof PredictorGoneError && error.questions > 1;
      if (!isInnocent || signal.aborted) throw error;
      return this.askAlone(task, signal);
    }
  }

  async close(): Promise<void> {
    const children = [this.shared, ...this.alone, ...this.retired];
    await Promise.all(children.map((child) => child?.kill('its worker stops')));
  }

  private sharedChild(): PredictorChild {
    if (this.shared?.alive && this.shared.cpuSeconds < this.cpuSeconds) return this.shared;
    if (this.shared?.alive) {
      this.shared.retire('it has used its processor time');
      this.retired.add(this.shared);
    }
    for (const child of this.retired) if (!child.alive) this.retired.delete(child);
    this.shared = this.start();
    return this.shared;
  }

  private async askAlone(task: PredictionTask, signal: AbortSignal): Promise<PredictionOutcome> {
    const child = this.start();
    this.alone.add(child);
    try {
      return await this.askChild(child, task, signal);
    } finally {
      await child.kill('its only question was answered');
      this.alone.delete(child);
    }
  }

  private async askChild(
    child: PredictorChild,
    task: PredictionTask,
    signal: AbortSignal,
  ): Promise<PredictionOutcome> {
    const patience = setTimeout(() => void child.kill('it took too long'), this.slowestMs);
    try {
      return await child.ask(task, signal);
    } finally {
      clearTimeout(patience);
    }
  }
}
