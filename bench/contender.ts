import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

/** What a contender answers to a step: how long it took and what it lost. */
export interface StepAnswer {
  readonly ms: number;
  readonly loss: number;
}

/** One thread, whoever computes: the figures are about kernels, not about cores. */
const ONE_THREAD = {
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '1',
  OMP_NUM_THREADS: '1',
  TF_CPP_MIN_LOG_LEVEL: '2',
};

/**
 * A process of its own, with its own memory and threads, that does a step each time it reads a line and answers with a line of
 * JSON: first `{"version"}`, then a StepAnswer each. Other lines are noise of its libraries.
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
  ): Promise<{ contender: Contender; version: string }> {
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      env: { ...env, ...ONE_THREAD },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const contender = new Contender(name, child, createInterface({ input: child.stdout! }));
    const { version } = (await contender.answer()) as { version: string };
    return { contender, version };
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
