import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BlobUri } from '../../src/contract/trainer-protocol.js';
import { TRAINER_FLAGS } from '../../src/jobs/worker/children/node-command.js';
import type { MemberTask } from './member.js';

/** Answer of a trainer to a task. */
export interface Answer {
  readonly outputs: Readonly<Record<string, BlobUri>>;
  readonly seconds: Readonly<Record<string, number>>;
  /** Processor time of the task, of all threads. */
  readonly cpuSeconds: number;
}

/** Trainers that have loaded TensorFlow, of one thread each, with the flags that they have in the service. */
export async function startTrainers(count: number): Promise<ChildProcess[]> {
  const script = fileURLToPath(new URL('./member.ts', import.meta.url));
  const threads = { TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1', OMP_NUM_THREADS: '1' };
  const env = { ...process.env, ...threads, TF_CPP_MIN_LOG_LEVEL: '2' };
  const children = Array.from({ length: count }, () =>
    fork(script, { execArgv: [...TRAINER_FLAGS, '--import', 'tsx'], env }),
  );
  await Promise.all(children.map((child) => once(child, 'message')));
  return children;
}

/** Gives a task to a trainer. @throws Error if it ends instead */
export async function giveTask(trainer: ChildProcess, task: MemberTask): Promise<Answer> {
  const given = new AbortController();
  trainer.send(task);
  try {
    const ended = once(trainer, 'exit', given).then(([code, signal]) => {
      throw new Error(
        signal ? `a trainer was killed by ${signal}` : `a trainer ended with ${code}; its message is above`,
      );
    });
    ended.catch(() => undefined);
    const [answer] = await Promise.race([once(trainer, 'message', given), ended]);
    return answer as Answer;
  } finally {
    given.abort();
  }
}

export function stopTrainers(trainers: readonly ChildProcess[]): void {
  for (const trainer of trainers) trainer.kill();
}
