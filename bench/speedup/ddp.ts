// The peer that a user would pick instead: data-parallel back-propagation on the same two cores.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../src/provision/processes.js';
import { median } from '../benchmark.js';
import type { TorchCommand } from '../step/torch.js';
import { WORKLOAD_VARIABLE } from '../step/workload.js';

const SCRIPT = fileURLToPath(new URL('./ddp.py', import.meta.url));
const FLOAT = 4;

export interface DataParallel {
  /** Medians, of a step on the whole batch by one process and by two. */
  readonly serialSeconds: number;
  readonly seconds: number;
  readonly speedUp: number;
  /** Sent by both processes in a step, by a ring: 2 (R - 1) of the gradients. */
  readonly bytesPerStep: number;
}

/** One process, then two of one thread each. */
export async function dataParallel(
  torch: TorchCommand,
  workload: string,
  steps: number,
): Promise<DataParallel> {
  const alone = await runRanks(torch, workload, steps, 1);
  const both = await runRanks(torch, workload, steps, 2);
  const [serialSeconds, seconds] = [median(alone.seconds), median(both.seconds)];
  return {
    serialSeconds,
    seconds,
    speedUp: serialSeconds / seconds,
    bytesPerStep: 2 * FLOAT * both.parameters,
  };
}

interface Ran {
  readonly seconds: readonly number[];
  readonly parameters: number;
}

async function runRanks(torch: TorchCommand, workload: string, steps: number, ranks: number): Promise<Ran> {
  const port = String(await freePort());
  const outputs = await Promise.all(
    Array.from({ length: ranks }, (_, rank) => {
      const env = {
        ...process.env,
        ...torch.env,
        [WORKLOAD_VARIABLE]: workload,
        BENCH_STEPS: String(steps),
        OMP_NUM_THREADS: '1',
        MASTER_ADDR: '127.0.0.1',
        MASTER_PORT: port,
        WORLD_SIZE: String(ranks),
        RANK: String(rank),
      };
      return promisify(execFile)('python3', [SCRIPT], { env });
    }),
  );
  return JSON.parse(outputs[0]!.stdout) as Ran;
}
