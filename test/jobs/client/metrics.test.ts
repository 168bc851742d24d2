import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { MetricSample } from '../../../src/contract/trainer-protocol.js';
import { type Database, openDatabase } from '../../../src/jobs/store/connection/database.js';
import { writeMetrics } from '../../../src/jobs/store/metrics.js';
import { eventually } from '../../support/eventually.js';
import { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

let strata: Strata;
let db: Database;
before(async () => {
  strata = await Strata.start();
  db = await openDatabase(strata.servers.databaseUrl);
});
after(async () => {
  await db.$disconnect();
  await strata.stop();
});

/** A job with one series, `value` being SQL over the step `n`. */
async function jobWithSeries(count: number, value: string): Promise<string> {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await strata.sql.query(
    `INSERT INTO metric_point (job_id, name, stage, step, attempt, value)
     SELECT $1, 'loss', 0, n, 1, ${value} FROM generate_series(0, $2::int - 1) AS n`,
    [job.id, count],
  );
  return job.id;
}

async function sampled(jobId: string, points: number): Promise<[step: number, value: number][]> {
  const [series] = (await strata.client.jobs.listJobMetrics(jobId, { points })).data;
  return (series?.points ?? []).map(([step, value]) => [step as number, value as number]);
}

test('a series that fits is answered whole, a longer one by its ends and extremes', async () => {
  // A slow wave with one peak and one dip of a single step each.
  const wave = 'CASE n WHEN 417 THEN 9 WHEN 700 THEN -9 ELSE sin(n / 100.0) END';
  const id = await jobWithSeries(1000, wave);
  assert.equal((await sampled(id, 1000)).length, 1000);
  for (const points of [999, 100, 20, 7, 6, 5, 4]) {
    const kept = await sampled(id, points);
    const steps = kept.map(([step]) => step);
    assert.ok(kept.length <= points && kept.length >= points / 2, `${kept.length} of ${points}`);
    assert.deepEqual(
      steps,
      [...new Set(steps)].sort((a, b) => a - b),
    );
    assert.deepEqual([steps[0], steps.at(-1)], [0, 999]);
    assert.ok(steps.includes(417) && steps.includes(700), `peak and dip are among ${points}`);
  }
  assert.deepEqual(
    (await sampled(id, 2)).map(([step]) => step),
    [0, 999],
  );
});

test('equal values, short series and values that JSON lacks are answered', async () => {
  assert.deepEqual(await sampled(await jobWithSeries(1, '1'), 2), [[0, 1]]);
  assert.deepEqual((await sampled(await jobWithSeries(2, '1'), 2)).length, 2);
  const flat = await sampled(await jobWithSeries(500, '3'), 12);
  assert.ok(flat.length >= 6 && flat.every(([, value]) => value === 3));
  const odd = await jobWithSeries(4, "(ARRAY['NaN', '-Infinity', '2', 'Infinity'])[n + 1]::float8");
  assert.deepEqual(await sampled(odd, 100), [[2, 2]]);
});

test('every point is read in order, however many pieces it takes', async () => {
  const id = await jobWithSeries(12_345, 'n');
  await strata.sql.query(
    "INSERT INTO metric_point (job_id, name, stage, step, attempt, value) VALUES ($1, 'accuracy', -1, 7, 2, 0.5)",
    [id],
  );
  const points = [];
  for await (const point of await strata.client.jobs.streamJobMetrics(id, {})) points.push(point);
  const { at, ...first } = points[0]!;
  assert.deepEqual(first, { name: 'accuracy', stage: null, unit: null, step: 7, value: 0.5, attempt: 2 });
  assert.ok(Number.isFinite(Date.parse(at)));
  assert.deepEqual(
    points.slice(1).map(({ step }) => step),
    Array.from({ length: 12_345 }, (_, step) => step),
  );
});

const write = (id: string, attempt: number, samples: readonly Pick<MetricSample, 'step' | 'value'>[]) =>
  db.$transaction((tx) =>
    writeMetrics(
      tx,
      id,
      attempt,
      samples.map((sample) => ({ name: 'loss', stage: 0, ...sample })),
    ),
  );

/** Numbers that look random, the same at every run. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    yield (state >> 8) / 2 ** 23;
  }
}

test('levels follow the points, also those that attempts write again, out of order, and as NaN', async () => {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  const random = numbers(1);
  const next = (below: number) => Math.floor((random.next().value ?? 0) * below);
  for (let attempt = 1; attempt <= 60; attempt++) {
    const from = next(6_000);
    const samples = Array.from({ length: 1 + next(200) }, (_, n) => ({ step: from + n, value: next(1000) }));
    if (attempt % 7 === 0) for (const sample of samples) sample.value = Number.NaN;
    await write(job.id, attempt, samples);
  }
  const { rows } = await strata.sql.query(
    `WITH point AS (SELECT * FROM metric_point WHERE job_id = $1), expected AS (
       SELECT level, step >> level AS bucket, min(value) AS low, max(value) AS high
       FROM point, generate_series(3, (SELECT ceil(log(2, max(step) + 1)) FROM point)::int) AS level
       WHERE value < 'Infinity' GROUP BY 1, 2
     )
     SELECT level, bucket, low, high, low_value, high_value FROM expected
     FULL JOIN (SELECT * FROM metric_level WHERE job_id = $1) kept USING (level, bucket)
     WHERE (low, high) IS DISTINCT FROM (low_value, high_value)`,
    [job.id],
  );
  assert.deepEqual(rows, []);
  const stale = await strata.sql.query(
    `SELECT low_step, high_step FROM metric_level kept WHERE job_id = $1 AND NOT EXISTS (
       SELECT FROM metric_point WHERE job_id = $1 AND step = low_step AND value = low_value AND attempt = low_attempt)`,
    [job.id],
  );
  assert.deepEqual(stale.rows, []);
});

test('a list has the last values and a small curve, from the first step to the last', async () => {
  const id = await jobWithSeries(1000, 'n');
  await strata.sql.query('UPDATE job SET started_at = now() WHERE id = $1', [id]);
  await strata.sql.query(
    `INSERT INTO metric_point (job_id, name, stage, step, attempt, value)
     SELECT $1, 'loss', -1, n, 1, n FROM generate_series(1000, 1499) AS n
     UNION ALL SELECT $1, 'test_accuracy', -1, 1499, 1, 0.5
     UNION ALL SELECT $1, 'loss', -1, 1500, 1, 'NaN'`,
    [id],
  );
  const [job] = (await strata.client.jobs.listJobs({ limit: 1 })).data;
  assert.deepEqual(job?.latest, { loss: 1499, test_accuracy: 0.5 });
  assert.deepEqual(
    job?.spark,
    Array.from({ length: 30 }, (_, n) => Math.floor((1499 * n) / 29)),
  );
});

test('two writers of one bucket at the same time leave the extremes of both', async () => {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  await Promise.all(
    Array.from({ length: 16 }, (_, step) => write(job.id, 1, [{ step: step * 4, value: step }])),
  );
  const { rows } = await strata.sql.query(
    'SELECT low_value, high_value FROM metric_level WHERE job_id = $1 AND level = 6',
    [job.id],
  );
  assert.deepEqual(rows, [{ low_value: 0, high_value: 15 }]);
});

test('a range and an increment have the same points as the whole, peaks at their ends among them', async () => {
  const id = await jobWithSeries(20_000, 'CASE WHEN n IN (4999, 5000, 9999) THEN n ELSE 0 END');
  const stepsOf = async (filter: object) => {
    const list = await strata.client.jobs.listJobMetrics(id, { points: 20, ...filter });
    return list.data.flatMap(({ points }) => points.map(([step]) => step as number));
  };
  assert.deepEqual(
    await stepsOf({ fromStep: 19_990 }),
    Array.from({ length: 10 }, (_, n) => 19_990 + n),
  );
  assert.deepEqual(await stepsOf({ fromStep: 20_000 }), []);
  const range = await stepsOf({ fromStep: 5000, toStep: 10_000 });
  assert.ok(range.length <= 20 && range.every((step) => step >= 5000 && step <= 10_000));
  for (const step of [5000, 9999, 10_000]) assert.ok(range.includes(step), `${step} of ${range}`);
  const inner = await stepsOf({ fromStep: 4998, toStep: 10_001 });
  assert.ok(inner.includes(5000) && inner.includes(9999));
});

test('points written since a time include those that a repeated attempt wrote again, and nothing else', async () => {
  const { job } = await strata.client.jobs.createJob(smallJob(), {});
  const steps = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => ({ step: from + n, value: n }));
  await write(job.id, 1, steps(0, 50));
  const known = (await strata.client.jobs.listJobMetrics(job.id, { points: 100 })).data[0]?.points ?? [];
  const newest = new Date(Math.max(...known.map(([, , at]) => Date.parse(at as string))));
  // The clock of Postgres moves on before the next write.
  await eventually('a later millisecond', async () => {
    const { rows } = await strata.sql.query('SELECT clock_timestamp() > $1 AS later', [
      new Date(newest.getTime() + 2),
    ]);
    return rows[0].later;
  });
  await write(job.id, 2, steps(30, 60));
  const since = new Date(newest.getTime() + 1);
  const [series] = (await strata.client.jobs.listJobMetrics(job.id, { since, points: 100 })).data;
  assert.deepEqual(
    series?.points.map(([step]) => step),
    steps(30, 60).map(({ step }) => step),
  );
  assert.equal(series?.attempt, 2);
});
