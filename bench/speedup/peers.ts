// The peers that a user would pick instead, on the same two cores: data-parallel back-propagation, and PyTorch's own pipelines.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../src/provision/processes.js';
import { median } from '../benchmark.js';
import type { TorchCommand } from '../step/torch.js';
import { WORKLOAD_VARIABLE } from '../step/workload.js';

const SCRIPT = fileURLToPath(new URL('./peers.py', import.meta.url));
const FLOAT = 4;
const RANKS = 2;
/** A schedule computes the gradients of a serial step, but for the order of sums. */
const MOST_ERROR = 1e-4;

export interface PeerRun {
  readonly workload: string;
  /** Blocks of the first stage. */
  readonly blocks: number;
  /** Numbers of microbatches that the schedules are tried with. */
  readonly microbatches: readonly number[];
  readonly turns: number;
  /** Measured steps of each way in a turn. */
  readonly steps: number;
  /** Images of a batch; the workload's where not given. */
  readonly batch?: number;
}

/** A step of one way: medians. */
export interface PeerWay {
  /** `ddp`, or a schedule with its number of microbatches, like `1f1b 4`. */
  readonly name: string;
  readonly seconds: number;
  readonly speedUp: number;
}

export interface Peers {
  /** A step on the whole batch by one process. */
  readonly serialSeconds: number;
  readonly ways: readonly PeerWay[];
  /** Sent by both processes in a step of `ddp`, by a ring: 2 (R - 1) of the gradients. */
  readonly ddpBytesPerStep: number;
  /** Largest distance of a gradient of a schedule from the serial one, over the largest serial gradient of its parameter. */
  readonly gradientError: number;
}

interface Ran {
  readonly seconds: Readonly<Record<string, readonly number[]>>;
  readonly errors: Readonly<Record<string, number>>;
  readonly parameters: number;
}

/** Two processes of one thread each. @throws Error where a schedule's gradients are not those of a serial step */
export async function measurePeers(torch: TorchCommand, run: PeerRun): Promise<Peers> {
  const ran = await runRanks(torch, run);
  const gradientError = Math.max(...ran.flatMap(({ errors }) => Object.values(errors)));
  if (!(gradientError <= MOST_ERROR))
    throw new Error(`gradients of PyTorch's schedules are ${gradientError} from those of a serial step`);
  const [first] = ran;
  const serialSeconds = median(first!.seconds.serial!);
  const ways = Object.keys(first!.seconds).filter((name) => name !== 'serial');
  return {
    ...{ serialSeconds, gradientError },
    ways: ways.map((name) => {
      // A step has ended when both have.
      const seconds = Math.max(...ran.map((rank) => median(rank.seconds[name]!)));
      return { name, seconds, speedUp: serialSeconds / seconds };
    }),
    ddpBytesPerStep: 2 * FLOAT * first!.parameters,
  };
}

/** The quickest of those whose names begin so. */
export function bestOf({ ways }: Peers, name: string): PeerWay {
  const [best] = ways.filter((way) => way.name.startsWith(name)).sort((a, b) => a.seconds - b.seconds);
  if (!best) throw new RangeError(`no way is called ${name}`);
  return best;
}

async function runRanks(torch: TorchCommand, run: PeerRun): Promise<Ran[]> {
  const port = String(await freePort());
  const outputs = await Promise.all(
    Array.from({ length: RANKS }, (_, rank) => {
      const env = {
        ...process.env,
        ...torch.env,
        [WORKLOAD_VARIABLE]: run.workload,
        ...(run.batch !== undefined && { BENCH_BATCH: String(run.batch) }),
        BENCH_BLOCKS: String(run.blocks),
        BENCH_MICROBATCHES: run.microbatches.join(),
        BENCH_TURNS: String(run.turns),
        BENCH_STEPS: String(run.steps),
        OMP_NUM_THREADS: '1',
        MASTER_ADDR: '127.0.0.1',
        MASTER_PORT: port,
        WORLD_SIZE: String(RANKS),
        RANK: String(rank),
      };
      return promisify(execFile)('python3', [SCRIPT], { env });
    }),
  );
  return outputs.map(({ stdout }) => JSON.parse(stdout) as Ran);
}
