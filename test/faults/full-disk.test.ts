import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { components } from '../../src/contract/generated/openapi.js';
import { eventually } from '../support/eventually.js';
import { fill } from './chaos/inject.js';
import { get, play, post } from './chaos/play.js';
import { Theatre } from './chaos/theatre.js';

type Schemas = components['schemas'];

/** Number of pauses of 1, 2, 4 ... 256 s and then of 300 s that take more than an hour. */
const OUTAGES_OF_AN_HOUR = 20;
const OUTAGE_MS = 60_000;

let theatre: Theatre;
before(async () => {
  theatre = await Theatre.open();
});
after(() => theatre?.close());

test('a disk that is full for an hour delays a job by that hour, and does not fail it', async (t) => {
  if (!theatre.fillable) return t.skip('no file system can be mounted here');
  const undisturbed = await play(theatre, []);
  const { id } = await post<Schemas['Job']>(theatre, '/jobs', undisturbed.job.spec);
  const free = fill(theatre);
  const outagesOf = async () => {
    const rows = await theatre.ask<{ outages: number }>(
      `SELECT coalesce(max(outages), 0)::int AS outages FROM task WHERE job_id = $1 AND state = 'ready'`,
      [id],
    );
    return rows?.[0]?.outages ?? 0;
  };
  for (let outage = 1; outage <= OUTAGES_OF_AN_HOUR; outage++) {
    await eventually(`outage ${outage}`, async () => (await outagesOf()) >= outage, OUTAGE_MS);
    if (outage === 1) {
      const job = await get<Schemas['Job']>(theatre, `/jobs/${id}`);
      assert.match(job.state_reason ?? '', /waits until its host has disk or memory again: .*ENOSPC/);
      const health = await get<Schemas['Health']>(theatre, '/health/ready');
      assert.equal(health.status, 'degraded');
      assert.match(health.problems.join(' '), /The disk of blobs has \d+ bytes free.*Tasks that wait/s);
    }
    // The clock of the pauses runs fast: the next attempt is due now.
    await theatre.ask(
      `UPDATE task SET due_at = now() - make_interval(secs => 1) WHERE job_id = $1 AND state = 'ready' RETURNING 1`,
      [id],
    );
  }
  free();
  await theatre.ask(
    `UPDATE task SET due_at = now() - make_interval(secs => 1) WHERE job_id = $1 AND state = 'ready' RETURNING 1`,
    [id],
  );
  const done = await eventually(
    'the end of the job',
    async () => {
      const job = await get<Schemas['Job']>(theatre, `/jobs/${id}`);
      return job.finished_at !== null && job;
    },
    120_000,
  );
  assert.equal(done.state, 'succeeded', JSON.stringify(done.error));
  assert.deepEqual(done.result?.figures, undisturbed.job.result?.figures);
});
