import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallJob } from '../test/jobs/support/specs.js';
import { eventually } from '../test/support/eventually.js';
import { Strata } from '../test/support/strata.js';
import { startVersitygw, versitygw } from '../test/support/versitygw.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';
import { startSlowLink, toxiproxy } from './storage/slow-link.js';
import { cpuMsOf } from './workers/cpu-time.js';

const ROUND_TRIP_MS = 1;
const TURNS = 4;
const LONGEST_MS = 600_000;
const HOSTS = ['one', 'two'] as const;
const JOB = smallJob({
  max_train_samples: 8_192,
  batch_size: 64,
  epochs: 2,
  model: { depth: 26, width: 4 },
  method: {
    type: 'augmented-lagrangian',
    stages: HOSTS.length,
    corrections: { precision: 'float32' },
  },
});

export const benchmark: Benchmark = {
  name: 'storage',
  title: `the layer-parallel phase of two stages on two hosts with a folder that they share, and with an S3 store behind ${ROUND_TRIP_MS} ms`,
  run,
};

interface Turn {
  readonly seconds: number;
  /** Processor time of the store and of the link to it. */
  readonly storeSeconds: number;
  /** Size of the largest message. */
  readonly messageMb: number;
  /** Seconds of all tasks by part. */
  readonly parts: Readonly<Record<string, number>>;
  /** The sha256 of every stage after each round. */
  readonly weights: string;
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const [server, proxy] = await Promise.all([versitygw(), toxiproxy()]);
  if ('missing' in server) throw new Error(server.missing);
  if ('missing' in proxy) throw new Error(proxy.missing);
  const home = await mkdtemp(join(tmpdir(), 'strata-storage-'));
  const store = await startVersitygw(server.program, home);
  const link = await startSlowLink(proxy.program, store.endpoint, ROUND_TRIP_MS);
  const opened: Strata[] = [];
  try {
    await store.createBucket('blobs');
    const storeMs = () => [store.pid, link.pid].reduce((sum, pid) => sum + cpuMsOf(pid), 0);
    const contenders = [
      { name: 'a folder', blobUrl: undefined, turns: [] as Turn[] },
      { name: 'S3', blobUrl: store.urlOf('blobs', 'jobs', link.url), turns: [] as Turn[] },
    ];
    for (const { name, blobUrl } of contenders) opened.push(await start(join(home, name), blobUrl));
    for (let turn = 0; turn <= TURNS; turn++) {
      for (const [index, { name, turns }] of contenders.entries()) {
        const done = await train(opened[index]!, turn, storeMs);
        say(
          `${name}: ${done.seconds.toFixed(1)} s ${turn === 0 ? '(to warm up)' : ''} ${JSON.stringify(done)}`,
        );
        turns.push(done);
      }
    }
    return report(contenders);
  } finally {
    for (const strata of opened) await strata.stop();
    await link.stop();
    await store.stop();
    await rm(home, { recursive: true, force: true });
  }
}

/** A service of two workers, whose homes and caches are apart as those of two hosts. */
async function start(home: string, blobUrl: string | undefined): Promise<Strata> {
  const strata = await Strata.start({ slots: 1, ...(blobUrl !== undefined && { blobUrl }) });
  await strata.startDispatcher();
  await Promise.all(HOSTS.map((host) => strata.startWorker({ STRATA_HOME: join(home, host) })));
  return strata;
}

/**
 * Trains the phase of the stages, and cancels the rest: evaluations and exports move next to nothing through a store.
 * @param seed another one for each turn: otherwise the caches have its messages
 */
async function train(strata: Strata, seed: number, storeMs: () => number): Promise<Turn> {
  const before = storeMs();
  const { job } = await strata.client.jobs.createJob({ ...JOB, seed }, {});
  await eventually('all stages are trained', () => isTrained(strata, job.id), LONGEST_MS);
  const storeSeconds = (storeMs() - before) / 1_000;
  await strata.client.jobs.cancelJob(job.id, { force: true });
  await strata.ended(job.id);
  const { rows } = await strata.sql.query<{ seconds: string; weights: string; bytes: string }>(
    `SELECT date_part('epoch', max(finished_at) - min(started_at)) AS seconds,
       string_agg(outputs->'state'->>'uri', ' ' ORDER BY key) AS weights,
       max((outputs->'corrections'->>'size_bytes')::bigint) AS bytes
     FROM task WHERE job_id = $1 AND kind = 'stage'`,
    [job.id],
  );
  const { rows: parts } = await strata.sql.query<{ part: string; seconds: number }>(
    `SELECT part.key AS part, sum(part.value::float8) AS seconds
     FROM task, jsonb_each_text(task.seconds) AS part WHERE job_id = $1 AND kind = 'stage' GROUP BY part.key`,
    [job.id],
  );
  return {
    seconds: Number(rows[0]?.seconds),
    storeSeconds,
    messageMb: Number(rows[0]?.bytes) / 1e6,
    parts: Object.fromEntries(parts.map(({ part, seconds }) => [part, seconds])),
    weights: rows[0]?.weights ?? '',
  };
}

async function isTrained(strata: Strata, jobId: string): Promise<boolean> {
  const { rows } = await strata.sql.query<{ all: string; done: string }>(
    `SELECT count(*) AS all, count(*) FILTER (WHERE state = 'succeeded') AS done
     FROM task WHERE job_id = $1 AND kind = 'stage'`,
    [jobId],
  );
  return Number(rows[0]?.all) > 0 && rows[0]?.all === rows[0]?.done;
}

interface Contender {
  readonly name: string;
  readonly turns: readonly Turn[];
}

function report(contenders: readonly Contender[]): BenchmarkReport {
  const [folder, bucket] = contenders.map(({ turns }) => turns.map(({ weights }) => weights));
  if (folder?.join() !== bucket?.join()) throw new Error('the weights differ');
  const rows = contenders.map(({ name, turns: [first, ...turns] }) => {
    const seconds = turns.map((turn) => turn.seconds);
    const part = (key: string) => median(turns.map(({ parts }) => parts[key] ?? 0));
    return {
      name,
      firstSeconds: first!.seconds,
      medianSeconds: median(seconds),
      fastestSeconds: Math.min(...seconds),
      slowestSeconds: Math.max(...seconds),
      startSeconds: part('start'),
      checkpointSeconds: part('checkpoint'),
      storeSeconds: median(turns.map((turn) => turn.storeSeconds)),
    };
  });
  const ratio = rows[1]!.medianSeconds / rows[0]!.medianSeconds;
  const head = `${''.padEnd(10)}  median   fastest .. slowest   the first  tasks begin  store results  CPU of the store`;
  const lines = rows.map((row) =>
    [
      row.name.padEnd(10),
      `${row.medianSeconds.toFixed(1)} s`.padStart(7),
      `${row.fastestSeconds.toFixed(1).padStart(7)} .. ${row.slowestSeconds.toFixed(1)}`.padEnd(19),
      `${row.firstSeconds.toFixed(1)} s`.padStart(9),
      `${row.startSeconds.toFixed(2)} s`.padStart(11),
      `${row.checkpointSeconds.toFixed(2)} s`.padStart(13),
      `${row.storeSeconds.toFixed(1)} s`.padStart(16),
    ].join('  '),
  );
  const messageMb = contenders[0]!.turns[0]!.messageMb;
  const about = `S3 over a folder: ${ratio.toFixed(3)}. A message has ${messageMb.toFixed(0)} MB. The weights of every round are bitwise equal.`;
  return {
    lines: [head, ...lines, '', about],
    figures: { roundTripMs: ROUND_TRIP_MS, messageMb, rows, ratio },
  };
}
