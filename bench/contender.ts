import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** Answer of a contender to a step: its duration and its loss. */
export interface StepAnswer {
  readonly ms: number;
  readonly loss: number;
  /** High-water mark of its resident memory so far. */
  readonly peak_mb: number;
}

/** First message of a contender, before its first step. */
export interface Introduction {
  readonly version: string;
  /** Like `peak_mb`, after loading its libraries and nothing else. */
  readonly base_mb: number;
}

/**
 * Environment of a computing process. One thread between ops is enough, because the ops of a step wait for each
 * other anyway.
 */
const environmentFor = (threads: number): NodeJS.ProcessEnv => ({
  TF_NUM_INTRAOP_THREADS: String(threads),
  TF_NUM_INTEROP_THREADS: '1',
  OMP_NUM_THREADS: String(threads),
  TF_CPP_MIN_LOG_LEVEL: '2',
});

/**
 * A process of its own, with its own memory and threads, that does a step each time it reads a line and answers with a line of
 * JSON: first its Introduction, then a StepAnswer each. Other lines are noise of its libraries.
 */
export class Contender {
  private readonly lines: AsyncIterator<string>;
  private readonly ended: Promise<never>;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    private readonly reader: Interface,
  ) {
    this.lines = reader[Symbol.asyncIterator]();
    this.ended = once(child, 'exit').then(([code, signal]) => {
      throw new Error(`${name} ended (${signal ?? code}); its message is above`);
    });
    this.ended.catch(() => undefined);
  }

  static async start(
    name: string,
    command: readonly string[],
    env: NodeJS.ProcessEnv,
    threads = 1,
  ): Promise<{ contender: Contender } & Introduction> {
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      env: { ...env, ...environmentFor(threads) },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const contender = new Contender(name, child, createInterface({ input: child.stdout! }));
    return { contender, ...((await contender.answer()) as Introduction) };
  }

  async step(): Promise<StepAnswer> {
    this.child.stdin?.write('step\n');
    return (await this.answer()) as StepAnswer;
  }

  /** Ends the process by closing its input. */
  async stop(): Promise<void> {
    this.child.stdin?.end();
    await this.ended.catch(() => undefined);
    this.reader.close();
  }

  private async answer(): Promise<unknown> {
    for (;;) {
      const { value, done } = await Promise.race([this.lines.next(), this.ended]);
      if (done) return this.ended;
      if (value.startsWith('{')) return JSON.parse(value);
    }
  }
}
