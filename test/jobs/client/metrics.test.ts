import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Strata } from '../../support/strata.js';
import { smallJob } from '../support/specs.js';

let strata: Strata;
before(async () => {
  strata = await Strata.start();
});
after(() => strata.stop());

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
