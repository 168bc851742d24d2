import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type {
  FromPredictor,
  PredictionOutcome,
  PredictionTask,
  ToPredictor,
} from '../../../contract/predictor-protocol.js';
import { boundedCommand, type ProcessBounds } from './bounded-command.js';

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

/** One predictor process, from spawn to exit. It handles several questions at once. */
export class PredictorChild {
  private readonly child: ChildProcess;
  private readonly open = new Map<
    number,
    { answer(outcome: PredictionOutcome): void; fail(error: Error): void }
  >();
  private readonly gone: Promise<void>;
  private asked = 0;
  private ended = false;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv, bounds: ProcessBounds) {
    const [file = '', ...args] = boundedCommand(command, bounds);
    this.child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.child.on('message', (message: FromPredictor) => {
      if (message.type === 'answer') this.open.get(message.id)?.answer(message.outcome);
    });
    this.gone = this.watchEnd();
  }

  get alive(): boolean {
    return !this.ended;
  }

  /**
   * @param signal the predictor is told to stop, and answers soon
   * @throws PredictorGoneError
   */
  async ask(task: PredictionTask, signal: AbortSignal): Promise<PredictionOutcome> {
    const id = this.asked++;
    const cancel = () => this.send({ type: 'cancel', id });
    const answer = new Promise<PredictionOutcome>((resolve, reject) => {
      this.open.set(id, { answer: resolve, fail: reject });
    });
    try {
      if (this.ended) throw new PredictorGoneError('the predictor has ended', 1);
      this.send({ type: 'ask', id, task });
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel);
      return await answer;
    } finally {
      signal.removeEventListener('abort', cancel);
      this.open.delete(id);
    }
  }

  /** Kills the process and waits for its end. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.gone;
  }

  private send(message: ToPredictor): void {
    // If the send fails, the end of the process is about to be reported.
    this.child.send(message, () => undefined);
  }

  private async watchEnd(): Promise<void> {
    const how = await once(this.child, 'exit').then(
      ([code, signal]) => (signal ? `was killed by ${signal}` : `exited with code ${code}`),
      // 'error' before 'exit': the process never started.
      (error: Error) => `could not be started: ${error.message}`,
    );
    this.ended = true;
    const gone = new PredictorGoneError(`the predictor ${how}`, this.open.size);
    for (const { fail } of this.open.values()) fail(gone);
  }
}
