import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { limitOf } from './regimes/border.js';
import { layLink } from './regimes/link.js';
import { type Limit, limitMemory } from './regimes/memory.js';
import { NETWORKS, type Network } from './regimes/networks.js';
import { measureOurs, OURS, pipelineCut } from './regimes/ours.js';
import { measurePeer, type Peer, peerSeconds, peersOf } from './regimes/peers.js';
import { limitsOf, type Regime, regimesOf } from './regimes/regime.js';
import { DEVICES, EPOCH_STEPS, type Missing, type Way, WIRES } from './regimes/way.js';
import { type TorchCommand, torchCommand } from './step/torch.js';

/** Steps of a round of Strata's, and steps of PyTorch, at most. */
const MAX_ROUND_STEPS = 8;
const MAX_STEPS = 3;
const WHOLE = 'PyTorch, one device';

export const benchmark: Benchmark = {
  name: 'regimes',
  title:
    'two networks on two devices under limits of memory and of links, in Strata and in PyTorch: measured steps and memory, MODELLED links',
  run,
};

interface Measured {
  readonly network: Network;
  readonly splits: Readonly<Record<'auto' | 'memory', readonly number[]>>;
  readonly ways: readonly Way[];
  readonly missing: readonly Missing[];
  readonly regimes: readonly Regime[];
  readonly proofs: readonly Proof[];
  readonly linkChecks: readonly LinkCheck[];
}

/** An epoch over a wire of a certain rate without delay: by steps that were measured over one, and by the model. */
interface LinkCheck {
  readonly name: string;
  readonly measuredSeconds: number | null;
  readonly modelledSeconds: number;
  readonly error: string | null;
}

/** A run within a control group of a limit. */
interface Proof {
  readonly name: string;
  readonly limitMb: number;
  /** Null: it trained. */
  readonly error: string | null;
}

async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const torch = await torchCommand(say);
  if (torch === null) throw new Error('regimes are compared with PyTorch, which cannot be had');
  const rows: Measured[] = [];
  for (const network of NETWORKS) rows.push(await measure(torch, network, steps, say));
  return {
    lines: [...NOTES, ...rows.flatMap(linesOf)],
    figures: {
      ...{ devices: DEVICES, epochSteps: EPOCH_STEPS, wires: WIRES },
      networks: rows.map(({ network, ways, ...others }) => ({
        ...{ network, title: titleOf(network), ...others },
        ways: ways.map(({ name, isOurs, megabytes, epochSeconds }) => ({
          ...{ name, isOurs, megabytes, epochSeconds: WIRES.map((wire) => epochSeconds(wire)) },
        })),
      })),
    },
  };
}

async function measure(
  torch: TorchCommand,
  network: Network,
  steps: number,
  say: (line: string) => void,
): Promise<Measured> {
  const [auto, memory] = [false, true].map((isFrugal) => pipelineCut(network, isFrugal));
  const splits = { auto: auto!.split, memory: memory!.split };
  const ours = OURS.map((one) => ({
    name: one.name,
    run: (limits?: readonly Limit[]) =>
      measureOurs(network, one, { steps: Math.min(steps, MAX_ROUND_STEPS), ...(limits && { limits }) }),
  }));
  const theirs = peersOf(splits).map((peer) => ({
    name: peer.name,
    run: (limits?: readonly Limit[]) =>
      measurePeer(torch, network, peer, {
        steps: Math.min(steps, MAX_STEPS),
        boundaryBytes: boundaryOf(peer, splits.memory, { auto: auto!, memory: memory! }),
        ...(limits && { limits }),
      }),
  }));
  const found: (Way | Missing)[] = [];
  for (const one of [...ours, ...theirs]) {
    const result = await one.run();
    say(`… ${network.name}, ${describe(result)}`);
    found.push(result);
  }
  const ways = found.filter((one): one is Way => 'megabytes' in one);
  const regimes = regimesOf(ways, limitsOf(ways, WHOLE));
  const proofs = await prove(regimes, [...ours, ...theirs], say);
  const linkChecks = await checkLinks(torch, network, peersOf(splits), ways, say);
  const missing = found.filter((one) => 'error' in one);
  return { network, splits, ways, regimes, proofs, linkChecks, missing };
}

const CHECKED = ['PyTorch DDP', 'PyTorch FSDP', 'PyTorch 1F1B'];
const CHECKED_WIRE = { ...WIRES[2]!, roundTripSeconds: 0 };
const CHECK_STEPS = 2;

/** Real wires between two network namespaces, for ways that send in every step. */
async function checkLinks(
  torch: TorchCommand,
  network: Network,
  peers: readonly Peer[],
  ways: readonly Way[],
  say: (line: string) => void,
): Promise<LinkCheck[]> {
  const checks: LinkCheck[] = [];
  for (const peer of peers) {
    const way = ways.find(({ name }) => name === peer.name);
    if (!way || !CHECKED.includes(peer.name)) continue;
    const { seconds, error } = await overLink(torch, network, peer);
    const measuredSeconds = seconds && EPOCH_STEPS * seconds;
    const modelledSeconds = way.epochSeconds(CHECKED_WIRE);
    const check = { name: peer.name, measuredSeconds, modelledSeconds, error };
    say(`… ${checkLine(check)}`);
    checks.push(check);
  }
  return checks;
}

async function overLink(torch: TorchCommand, network: Network, peer: Peer) {
  try {
    const link = await layLink(CHECKED_WIRE.bytesPerSecond);
    try {
      return { seconds: await peerSeconds(torch, network, peer, { steps: CHECK_STEPS, link }), error: null };
    } finally {
      await link.remove();
    }
  } catch (error) {
    return { seconds: null, error: (error as Error).message.trim().split('\n').at(-1)! };
  }
}

type Cuts = Readonly<Record<'auto' | 'memory', { readonly boundaryBytes: number }>>;

function boundaryOf({ asked }: Peer, [blocks]: readonly number[], { auto, memory }: Cuts): number {
  return asked.blocks === blocks ? memory.boundaryBytes : auto.boundaryBytes;
}

interface Runnable {
  readonly name: string;
  run(limits?: readonly Limit[]): Promise<Way | Missing>;
}

/** Beyond what was measured: some memory is taken and given back between two readings of it. */
const HEADROOM = 1.1;

/**
 * Runs on one host, within a control group of a limit a device: the quickest way that fits, which must train, and the quickest
 * without a limit, which must be killed where it needs more.
 */
async function prove(
  regimes: readonly Regime[],
  runnable: readonly Runnable[],
  say: (line: string) => void,
): Promise<Proof[]> {
  const onHost = regimes.filter(({ wire }) => wire === WIRES[0]!.name);
  const free = onHost.find(({ memoryMb }) => memoryMb === null)?.rows[0];
  const proofs: Proof[] = [];
  for (const { memoryMb, rows } of onHost) {
    if (memoryMb === null) continue;
    for (const row of [free, rows[0]]) {
      const one = runnable.find(({ name }) => name === row?.name);
      const limitMb = Math.round(HEADROOM * memoryMb);
      if (!one || proofs.some((proof) => proof.name === one.name && proof.limitMb === limitMb)) continue;
      const proof = { name: one.name, limitMb, error: await withinLimit(one, limitMb) };
      say(`… ${proofLine(proof)}`);
      proofs.push(proof);
    }
  }
  return proofs;
}

async function withinLimit(one: Runnable, limitMb: number): Promise<string | null> {
  const limits: Limit[] = [];
  try {
    for (let device = 0; device < DEVICES; device++)
      limits.push(await limitMemory(`strata-bench-${device}`, limitMb));
    const result = await one.run(limits);
    return 'error' in result ? result.error : null;
  } catch (error) {
    return `no limit could be set: ${(error as Error).message}`;
  } finally {
    for (const limit of limits) await limit.remove().catch(() => undefined);
  }
}

const NOTES = [
  `Measured on two cores, without a wire: seconds of steps, two processes of one thread at once, and memory: what the process of the device that needs most grows by beyond its loaded libraries.`,
  `MODELLED: the links. PyTorch's communication is taken as overlapped with computing, the best that it can do; Strata's as POST /plans has it. An epoch is ${EPOCH_STEPS} steps, and a round of local SGD and of the augmented Lagrangian is an epoch.`,
  `An epoch is not worth the same in every way: local SGD, Strata's pipeline (late gradients) and the augmented Lagrangian train otherwise than back-propagation step by step (accuracy.md). The augmented Lagrangian is without its phase end to end, in which a device holds the whole network.`,
];

const titleOf = ({ name, batch, side, fills }: Network): string =>
  `${name}, batch ${batch}, ${side}x${side}: ${fills} fill the memory`;

function describe(result: Way | Missing): string {
  if ('error' in result) return `${result.name} does not run: ${result.error}`;
  const { name, megabytes, epochSeconds } = result;
  return `${name}: ${epochSeconds(WIRES[0]!).toFixed(0)} s an epoch on one host, ${megabytes.toFixed(0)} MB`;
}

const proofLine = ({ name, limitMb, error }: Proof): string =>
  `within a control group of ${limitMb} MB a device beyond its libraries, ${name} ${error === null ? 'trains' : `does not train: ${error}`}`;

const checkLine = ({ name, measuredSeconds, modelledSeconds, error }: LinkCheck): string =>
  measuredSeconds === null
    ? `${name} was not measured over a link: ${error}`
    : `over a real link of 100 Mbit/s without delay, ${name} needs ${measuredSeconds.toFixed(0)} s an epoch; the model says ${modelledSeconds.toFixed(0)} s`;

function linesOf({ network, splits, ways, missing, regimes, proofs, linkChecks }: Measured): string[] {
  return [
    '',
    `${titleOf(network)}; pipelines of ${splits.auto.join(' + ')} blocks, cut by memory ${splits.memory.join(' + ')}`,
    ...tableOf(ways),
    ...missing.map(({ name, error }) => `${name}: does not run here: ${error}`),
    'The least time, by limit of memory and link:',
    ...regimes.map(regimeLine),
    ...proofs.map(proofLine),
    ...linkChecks.map(checkLine),
  ];
}

const NAME_WIDTH = 54;

/** Seconds of an epoch by wire. */
function tableOf(ways: readonly Way[]): string[] {
  const head = ['seconds of an epoch'.padEnd(NAME_WIDTH), 'MB'.padStart(6)];
  const columns = WIRES.map(({ name }) => name.padStart(20));
  const least = WIRES.map((wire) => Math.min(...ways.map(({ epochSeconds }) => epochSeconds(wire))));
  const rows = ways.map(({ name, megabytes, epochSeconds }) => {
    const cells = WIRES.map((wire, index) => {
      const seconds = epochSeconds(wire);
      return `${seconds === least[index] ? '* ' : ''}${seconds.toFixed(0)}`.padStart(20);
    });
    return [name.padEnd(NAME_WIDTH), megabytes.toFixed(0).padStart(6), ...cells].join('');
  });
  return [[...head, ...columns].join(''), ...rows];
}

function regimeLine({ wire, memoryMb, rows }: Regime): string {
  const best = (isOurs: boolean) => {
    const row = rows.find((one) => one.isOurs === isOurs);
    return row ? `${row.name} ${row.epochSeconds.toFixed(0)} s` : 'nothing fits';
  };
  const winner = rows[0] === undefined ? 'neither' : rows[0].isOurs ? 'Strata' : 'PyTorch';
  return `  ${wire.padEnd(20)}${limitOf(memoryMb).padEnd(18)}${winner.padEnd(9)}${best(true)}; ${best(false)}`;
}
