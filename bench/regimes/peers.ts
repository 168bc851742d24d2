import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../src/provision/processes.js';
import { median } from '../benchmark.js';
import type { TorchCommand } from '../step/torch.js';
import { WORKLOAD_VARIABLE } from '../step/workload.js';

const SCRIPT = fileURLToPath(new URL('./peers.py', import.meta.url));
const LIMIT_MS = 120_000;

/** Ways to train in PyTorch, and how many processes share a step. */
export const PEERS = { plain: 1, checkpoint: 1, ddp: 2, fsdp: 2, '1f1b': 2 } as const;
export type PeerName = keyof typeof PEERS;

/** A step as it was measured on this machine, without a wire. */
export interface PeerStep {
  readonly seconds: number;
  /** Growth of the largest process from before the first step. */
  readonly megabytes: number;
  readonly parameters: number;
}

export type PeerSteps = Readonly<Record<PeerName, PeerStep | null>>;

/** Every peer; null with a line where one does not run here. */
export async function measurePeers(
  torch: TorchCommand,
  workload: string,
  steps: number,
  say: (line: string) => void,
): Promise<PeerSteps> {
  const found: Partial<Record<PeerName, PeerStep | null>> = {};
  for (const name of Object.keys(PEERS) as PeerName[]) {
    found[name] = await measure(torch, workload, name, steps).catch((error: Error) => {
      say(`${name} does not run here: ${error.message.trim().split('\n').at(-1)}`);
      return null;
    });
  }
  return found as PeerSteps;
}

interface Ran {
  readonly seconds: readonly number[];
  readonly mb: number;
  readonly parameters: number;
}

async function measure(
  torch: TorchCommand,
  workload: string,
  mode: PeerName,
  steps: number,
): Promise<PeerStep> {
  const port = String(await freePort());
  const ranks = PEERS[mode];
  const outputs = await Promise.all(
    Array.from({ length: ranks }, (_, rank) => {
      const env = {
        ...process.env,
        ...torch.env,
        ...{ [WORKLOAD_VARIABLE]: workload, BENCH_MODE: mode, BENCH_STEPS: String(steps) },
        ...{ OMP_NUM_THREADS: '1', MASTER_ADDR: '127.0.0.1', MASTER_PORT: port },
        ...{ WORLD_SIZE: String(ranks), RANK: String(rank) },
      };
      return promisify(execFile)('python3', [SCRIPT], { env, timeout: LIMIT_MS });
    }),
  );
  const ran = outputs.map(({ stdout }) => JSON.parse(stdout) as Ran);
  return {
    seconds: Math.max(...ran.map(({ seconds }) => median(seconds))),
    megabytes: Math.max(...ran.map(({ mb }) => mb)),
    parameters: Math.max(...ran.map(({ parameters }) => parameters)),
  };
}
