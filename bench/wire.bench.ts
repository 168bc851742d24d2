import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { smallJob } from '../test/jobs/support/specs.js';
import { Strata } from '../test/support/strata.js';
import { startVersitygw, versitygw } from '../test/support/versitygw.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { layWire, type Wire } from './wire/wire.js';

const STAGES = 4;
const HOSTS = ['strata-host-a', 'strata-host-b'] as const;
const ROUND_TRIP_MS = 20;
const LOSS = 0.01;
const PARTITION_MS = 30_000;
const JOB = smallJob({
  seed: 7,
  max_train_samples: 1_024,
  batch_size: 32,
  epochs: 2,
  model: { depth: 14, width: 4 },
  method: { stages: STAGES },
});

export const benchmark: Benchmark = {
  name: 'wire',
  title: `a job of ${STAGES} stages on two hosts with an S3 store beside one host with a folder: round trip, loss, partition`,
  run,
};

interface Row {
  readonly what: string;
  readonly seconds: number;
  /** Attempts of tasks beyond the first of each. */
  readonly repeated: number;
  readonly weights: string;
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const server = await versitygw();
  if ('missing' in server) throw new Error(server.missing);
  const rows: Row[] = [await onOneHost()];
  const home = await mkdtemp(join(tmpdir(), 'strata-wire-'));
  const wire = await layWire(HOSTS);
  const store = await startVersitygw(server.program, home);
  try {
    await store.createBucket('blobs');
    const endpoint = await wire.reachable(store.endpoint);
    const hosts = { wire, home, urlOf: (prefix: string) => store.urlOf('blobs', prefix, endpoint) };
    rows.push(await onTwoHosts('two hosts', hosts));
    await wire.roundTrip(ROUND_TRIP_MS);
    await wire.lose(LOSS);
    rows.push(await onTwoHosts(`two hosts, ${ROUND_TRIP_MS} ms, ${100 * LOSS} % loss`, hosts));
    const cut = async (strata: Strata, id: string, lastPid: number) => {
      const { rows } = await strata.sql.query<{ id: string }>('SELECT id FROM worker WHERE pid = $1', [
        lastPid,
      ]);
      await strata.event(
        id,
        'task.started',
        ({ data }) => data.kind === 'stage' && data.worker_id === rows[0]?.id,
      );
      await wire.cut(HOSTS[1]);
      say(`${HOSTS[1]} is cut off`);
      await delay(PARTITION_MS);
      await wire.heal(HOSTS[1]);
    };
    rows.push(await onTwoHosts(`the same, ${PARTITION_MS / 1_000} s without one of them`, hosts, cut));
  } finally {
    await store.stop();
    await wire.close();
    await rm(home, { recursive: true, force: true });
  }
  const [first] = rows;
  const others = rows.filter(({ weights }) => weights !== first?.weights);
  if (others.length > 0) throw new Error(`other weights: ${JSON.stringify(rows)}`);
  return {
    lines: [...rows.map(lineOf), '', 'The weights of all rows are bitwise equal.'],
    figures: { rows },
  };
}

async function onOneHost(): Promise<Row> {
  const strata = await Strata.start({ slots: STAGES });
  try {
    await Promise.all([strata.startDispatcher(), strata.startWorker()]);
    return await train(strata, 'one host, a folder');
  } finally {
    await strata.stop();
  }
}

/** Happens while the job runs. @param lastPid process of the worker on the last host */
type Meanwhile = (strata: Strata, id: string, lastPid: number) => Promise<void>;

interface TwoHosts {
  readonly wire: Wire;
  readonly home: string;
  urlOf(prefix: string): string;
}

async function onTwoHosts(
  what: string,
  { wire, home, urlOf }: TwoHosts,
  meanwhile?: Meanwhile,
): Promise<Row> {
  const name = what.replaceAll(/\W+/g, '-');
  const blobUrl = urlOf(name);
  const strata = await Strata.start({ blobUrl, slots: STAGES / HOSTS.length });
  try {
    await strata.startDispatcher();
    const { databaseUrl, redisUrl } = strata.servers;
    const urls = {
      DATABASE_URL: await wire.reachable(databaseUrl),
      REDIS_URL: await wire.reachable(redisUrl),
    };
    let lastPid = 0;
    for (const host of HOSTS) {
      const own = { ...urls, STRATA_HOME: join(home, name, host) };
      lastPid = (await strata.startWorker(own, wire.onHost(host))).pid;
    }
    return await train(strata, what, (id) => meanwhile?.(strata, id, lastPid));
  } finally {
    await strata.stop();
  }
}

async function train(
  strata: Strata,
  what: string,
  meanwhile: (id: string) => Promise<void> | undefined = async () => undefined,
): Promise<Row> {
  const { job } = await strata.client.jobs.createJob(JOB, {});
  const [ended] = await Promise.all([strata.ended(job.id), meanwhile(job.id)]);
  if (ended.state !== 'succeeded') throw new Error(`${what}: ${JSON.stringify(ended.error)}`);
  const { rows } = await strata.sql.query<{ seconds: string; repeated: string; weights: string }>(
    `SELECT date_part('epoch', job.finished_at - job.started_at) AS seconds,
       (SELECT sum(attempt - 1) FROM task WHERE job_id = job.id) AS repeated,
       (SELECT sha256 FROM artifact WHERE job_id = job.id AND name = 'weights.safetensors') AS weights
     FROM job WHERE id = $1`,
    [job.id],
  );
  const [row] = rows;
  return {
    what,
    seconds: Number(row?.seconds),
    repeated: Number(row?.repeated),
    weights: row?.weights ?? '',
  };
}

function lineOf({ what, seconds, repeated, weights }: Row): string {
  return `${what.padEnd(44)} ${seconds.toFixed(1).padStart(6)} s  ${repeated} repeated  ${weights.slice(0, 12)}`;
}
