import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../src/provision/processes.js';
import { median } from '../benchmark.js';
import type { TorchCommand } from '../step/torch.js';
import { WORKLOAD_VARIABLE } from '../step/workload.js';
import type { Link } from './link.js';
import type { Limit } from './memory.js';
import type { Network } from './networks.js';
import { DEVICES, EPOCH_STEPS, type Missing, type Way, type Wire } from './way.js';

const SCRIPT = fileURLToPath(new URL('./peers.py', import.meta.url));
const LIMIT_MS = 120_000;
const FLOAT = 4;
const MICROBATCHES = 4;
/** Parts whose gradients are accumulated. */
const PARTS = 4;

/** A way of PyTorch, as peers.py is told it. */
export interface Peer {
  readonly name: string;
  readonly asked: Readonly<Record<string, string | number | boolean>>;
  readonly ranks: number;
}

interface Ran {
  readonly seconds: readonly number[];
  readonly mb: number;
  readonly parameters: number;
}

/** @param splits of two stages, in blocks: the usual one, and one that balances memory */
export function peersOf(splits: Readonly<Record<'auto' | 'memory', readonly number[]>>): Peer[] {
  const two = (name: string, asked: Peer['asked']) => ({ name: `PyTorch ${name}`, asked, ranks: DEVICES });
  const pipeline = (schedule: string, [blocks = 0]: readonly number[]) => ({
    ...{ way: 'pipeline', schedule, microbatches: MICROBATCHES, blocks },
  });
  return [
    { name: 'PyTorch, one device', asked: { way: 'alone' }, ranks: 1 },
    { name: 'PyTorch, one device, checkpointing', asked: { way: 'alone', recompute: true }, ranks: 1 },
    two('local SGD', { way: 'local' }),
    two('local SGD, checkpointing', { way: 'local', recompute: true }),
    two('local SGD, accumulation', { way: 'local', parts: PARTS }),
    two('DDP', { way: 'ddp' }),
    two('DDP, checkpointing', { way: 'ddp', recompute: true }),
    two('DDP, accumulation', { way: 'ddp', parts: PARTS }),
    two('FSDP', { way: 'fsdp' }),
    two('FSDP, checkpointing', { way: 'fsdp', recompute: true }),
    two('GPipe', pipeline('gpipe', splits.auto)),
    two('1F1B', pipeline('1f1b', splits.auto)),
    two('1F1B, cut by memory', pipeline('1f1b', splits.memory)),
  ];
}

interface PeerOptions {
  readonly steps: number;
  readonly limits?: readonly Limit[];
  /** Between both ranks; none: the host's own loopback. */
  readonly link?: Link;
}

/** Seconds of a step, of the rank that takes longer. */
export async function peerSeconds(
  torch: TorchCommand,
  network: Network,
  peer: Peer,
  options: PeerOptions,
): Promise<number> {
  return secondsOf(await runRanks(torch, network, peer, options));
}

const secondsOf = (ran: readonly Ran[]): number => Math.max(...ran.map((rank) => median(rank.seconds)));

/** @param boundaryBytes of a batch's features between both stages */
export async function measurePeer(
  torch: TorchCommand,
  network: Network,
  peer: Peer,
  options: PeerOptions & { readonly boundaryBytes: number },
): Promise<Way | Missing> {
  try {
    const ran = await runRanks(torch, network, peer, options);
    const seconds = secondsOf(ran);
    const bytes = FLOAT * ran[0]!.parameters;
    return {
      ...{ name: peer.name, isOurs: false, megabytes: Math.max(...ran.map(({ mb }) => mb)) },
      epochSeconds: (wire) => peerEpoch(peer, { seconds, bytes, boundaryBytes: options.boundaryBytes }, wire),
    };
  } catch (error) {
    return { name: peer.name, error: reasonOf(error as Failed) };
  }
}

interface Failed extends Error {
  readonly signal?: string | null;
}

function reasonOf({ message, signal }: Failed): string {
  return signal ? `killed by ${signal}` : (message.trim().split('\n').at(-1) ?? message);
}

interface Step {
  readonly seconds: number;
  /** Size of the weights. */
  readonly bytes: number;
  readonly boundaryBytes: number;
}

/**
 * All communication within a step is taken as overlapped with computing, the best that a peer can do: a step takes what was
 * measured, or what the wire needs for its bytes, whichever is longer. Of two ranks each sends half of the weights twice (DDP) or
 * three times (FSDP). A pipeline waits besides for its first microbatch and its last gradient. Local SGD exchanges weights once a
 * round.
 */
export function peerEpoch(
  { asked: { way, microbatches }, ranks }: Pick<Peer, 'asked' | 'ranks'>,
  { seconds, bytes, boundaryBytes }: Step,
  { bytesPerSecond, roundTripSeconds }: Wire,
): number {
  if (way === 'local') return (EPOCH_STEPS / ranks) * seconds + roundTripSeconds + bytes / bytesPerSecond;
  if (ranks === 1) return EPOCH_STEPS * seconds;
  const isPipeline = way === 'pipeline';
  const sent = isPipeline ? boundaryBytes : way === 'fsdp' ? 1.5 * bytes : bytes;
  const wireSeconds = roundTripSeconds + sent / bytesPerSecond;
  const fill = isPipeline
    ? roundTripSeconds + (2 * boundaryBytes) / Number(microbatches) / bytesPerSecond
    : 0;
  return EPOCH_STEPS * (Math.max(seconds, wireSeconds) + fill);
}

async function runRanks(
  torch: TorchCommand,
  network: Network,
  { asked, ranks }: Peer,
  { steps, limits = [], link }: PeerOptions,
): Promise<Ran[]> {
  const port = String(await freePort());
  // The other ranks would wait for one that has failed.
  const failed = new AbortController();
  const outputs = await Promise.all(
    Array.from({ length: ranks }, async (_, rank) => {
      const env = {
        ...process.env,
        ...torch.env,
        ...{
          [WORKLOAD_VARIABLE]: network.name,
          BENCH_WAY: JSON.stringify(asked),
          BENCH_STEPS: String(steps),
        },
        ...{ OMP_NUM_THREADS: '1', MASTER_ADDR: '127.0.0.1', MASTER_PORT: port },
        ...{ WORLD_SIZE: String(ranks), RANK: String(rank) },
        ...link?.env,
        ...Object.fromEntries(limits.map(({ folder }, index) => [`BENCH_CGROUP_${index}`, folder])),
      };
      try {
        const options = { env, timeout: LIMIT_MS, signal: failed.signal };
        const [program = '', ...args] = [...(link?.onHost(rank) ?? []), 'python3', SCRIPT];
        return await promisify(execFile)(program, args, options);
      } catch (error) {
        failed.abort();
        throw error;
      }
    }),
  );
  return outputs.map(({ stdout }) => JSON.parse(stdout) as Ran);
}
