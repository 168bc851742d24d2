import { randomBytes } from 'node:crypto';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { layLink } from './regimes/link.js';
import { makeCertificate } from './transports/certificate.js';
import { figuresOf } from './transports/figures.js';
import { type Effort, measureTurn, type Turn } from './transports/measure.js';
import { installPackages } from './transports/packages.js';
import { type Hosts, Pair } from './transports/pair.js';
import { linesOf, type Row } from './transports/report.js';
import type { Meeting } from './transports/transport.js';
import { startValkey, type Valkey } from './transports/valkey.js';
import { WAY_NAMES, WAYS, type Way, type WayName } from './transports/ways/index.js';
import { layWire } from './wire/wire.js';

const ROUND_TRIPS_MS = [0.1, 1, 5, 20];
const BYTES_PER_SECOND = 125e6;
/** Packets of a switched network with jumbo frames: the wire is a process, whose work goes with the number of packets. */
const MTU = 9_000;
const MEGABYTES = [1, 2, 4, 8];
const MB = 1e6;
/** Messages that the first stage of a pipeline of four may have under way. */
const CAPACITY = 4;
const TURNS = 3;
const EFFORT: Effort = { burstBytes: 24 * MB, singles: 4, singlesSeconds: 0.3, burstSeconds: 1 };
const FIRST_PORT = 7_900;
const HOSTS = ['strata-sender', 'strata-receiver'] as const;

export const benchmark: Benchmark = {
  name: 'transports',
  title:
    'messages of 1 to 8 MB from one host to another at 1 Gbit/s: our stream beside sockets, ZeroMQ, gRPC and Redis',
  run,
};

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const packages = await installPackages();
  const common = { capacity: CAPACITY, packages, certificate: await makeCertificate() };
  const rows = [...(await overWire(common, say)), ...(await withoutLimit(common, say))];
  return {
    lines: linesOf(rows),
    figures: {
      ...{ bytesPerSecond: BYTES_PER_SECOND, mtu: MTU, capacity: CAPACITY, turns: TURNS, effort: EFFORT },
      rows,
    },
  };
}

type Common = Pick<Meeting, 'capacity' | 'packages' | 'certificate'>;
type Say = (line: string) => void;

/** Two hosts on a wire of 1 Gbit/s and of each round trip. */
async function overWire(common: Common, say: Say): Promise<Row[]> {
  const wire = await layWire(HOSTS, false, MTU);
  const [sender, receiver] = HOSTS;
  const meeting = { ...common, sender: wire.addressOf(sender), receiver: wire.addressOf(receiver) };
  try {
    await wire.limitRate(BYTES_PER_SECOND);
    return await withPairs(
      meeting,
      { sender: wire.onHost(sender), receiver: wire.onHost(receiver) },
      async (pairs) => {
        const rows: Row[] = [];
        for (const roundTripMs of ROUND_TRIPS_MS) {
          await wire.roundTrip(roundTripMs);
          rows.push(...(await measureAll(pairs, MEGABYTES, roundTripMs)));
          say(`round trip ${roundTripMs} ms: measured`);
        }
        return rows;
      },
    );
  } finally {
    await wire.close();
  }
}

/** Two hosts that only the kernel connects: the processors are the limit. */
async function withoutLimit(common: Common, say: Say): Promise<Row[]> {
  const link = await layLink(null);
  const meeting = { ...common, sender: link.addressOf(0), receiver: link.addressOf(1) };
  try {
    const hosts = { sender: link.onHost(0), receiver: link.onHost(1) };
    return await withPairs(meeting, hosts, (pairs) => measureAll(pairs, MEGABYTES, null));
  } finally {
    await link.remove();
    say('no delay, no limit: measured');
  }
}

type Pairs = ReadonlyMap<WayName, Pair>;

/** Every way has its processes from the beginning: they are warm, and take turns. */
async function withPairs(
  place: Omit<Meeting, 'port' | 'secret'>,
  hosts: Hosts,
  use: (pairs: Pairs) => Promise<Row[]>,
): Promise<Row[]> {
  const pairs = new Map<WayName, Pair>();
  let valkey: Valkey | null = null;
  try {
    for (const [index, way] of WAY_NAMES.entries()) {
      const meeting = { ...place, port: FIRST_PORT + index, secret: randomBytes(32).toString('hex') };
      if (way === 'redis') valkey = await startValkey(hosts.receiver, meeting.receiver, meeting.port);
      pairs.set(way, await Pair.open(way, meeting, hosts, way === 'redis' ? valkey?.cpuSeconds : undefined));
    }
    return await use(pairs);
  } finally {
    await Promise.all([...pairs.values()].map((pair) => pair.close()));
    await valkey?.stop();
  }
}

const turnsOf = (way: WayName): number => (WAYS[way] as Way).turns ?? TURNS;

/** Each way in turn, again and again, so that what else the machine does meets all of them. */
async function measureAll(
  pairs: Pairs,
  sizes: readonly number[],
  roundTripMs: number | null,
): Promise<Row[]> {
  for (const pair of pairs.values()) await pair.latency(Math.max(...sizes) * MB);
  const rows: Row[] = [];
  for (const megabytes of sizes) {
    const turns = new Map<WayName, Turn[]>(WAY_NAMES.map((way) => [way, []]));
    for (let turn = 0; turn < TURNS; turn++) {
      const ways = [...pairs].filter(([way]) => turn < turnsOf(way));
      for (const [way, pair] of ways) turns.get(way)?.push(await measureTurn(pair, megabytes * MB, EFFORT));
    }
    for (const [way, made] of turns) {
      const figures = figuresOf(
        made.map(({ burst }) => burst),
        made.flatMap(({ latencies }) => latencies),
      );
      rows.push({ way, roundTripMs, megabytes, ...figures });
    }
  }
  return rows;
}
