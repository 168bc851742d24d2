import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { ChecksumError, createClient, type StrataClient, StrataProblem } from '../../client/src/index.js';
import { type LiveApi, startLiveApi } from '../support/live-api.js';

const SMALL = { dataset: 'mnist', max_train_samples: 256, batch_size: 32, epochs: 2 };

describe('@strata/client against the live API', () => {
  let api: LiveApi;
  let strata: StrataClient;
  before(async () => {
    api = await startLiveApi();
    strata = createClient({ url: `${api.url}/`, apiKey: api.apiKey });
  });
  after(() => api.stop());

  test('creates a job with the defaults filled in, and only once if the request is sent again', async () => {
    let sent = 0;
    const flaky: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      sent += 1;
      // The job is stored, its answer lost on the way.
      if (sent === 1) throw new TypeError('fetch failed');
      return response;
    };
    const client = createClient({ url: api.url, apiKey: api.apiKey, fetch: flaky });
    const job = await client.jobs.create({ ...SMALL, metadata: { team: 'once' } });
    assert.equal(job.spec.model.depth, 20);
    assert.equal(sent, 2);
    assert.deepEqual(await idsOf(strata, { metadata: { team: 'once' } }), [job.id]);
  });

  test('pages through every job without losing one to those that come in between', async () => {
    const metadata = { team: 'pages' };
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.unshift((await strata.jobs.create({ ...SMALL, metadata })).id);
    const seen: string[] = [];
    for await (const job of strata.jobs.all({ limit: 2, metadata })) {
      seen.push(job.id);
      await strata.jobs.create({ ...SMALL, metadata });
    }
    assert.deepEqual(seen, ids);
  });

  test('follows a job that has ended from its first event to its last', async () => {
    const seqs: number[] = [];
    let last = '';
    for await (const event of strata.jobs.follow(api.jobId)) {
      seqs.push(event.seq);
      last = event.type;
    }
    assert.deepEqual(
      seqs,
      seqs.map((_, index) => index + 1),
    );
    assert.equal(last, 'job.succeeded');
  });

  test('waits for the end of a job, and returns as soon as it has ended', async () => {
    const job = await strata.jobs.create(SMALL);
    const ended = strata.jobs.ended(job.id);
    await strata.jobs.cancel(job.id);
    assert.equal((await ended).state, 'cancelled');
    const { http } = strata;
    const { data } = await http.GET('/jobs/{id}', {
      params: { path: { id: api.jobId }, query: { wait: 60 } },
    });
    assert.equal(data?.state, 'succeeded');
  });

  test('downloads artifacts, and refuses bytes that are not those stored', async () => {
    const [artifact] = await strata.artifacts.list(api.jobId);
    assert.ok(artifact);
    const bytes = await strata.artifacts.download(artifact.id);
    assert.equal(createHash('sha256').update(bytes).digest('hex'), artifact.sha256);
    const other = { ...artifact, sha256: '0'.repeat(64) };
    await assert.rejects(strata.artifacts.download(other), ChecksumError);
  });

  test('models are listed, tagged, compared, described, and kept while they are needed', async () => {
    const id = (await strata.jobs.get(api.jobId)).result?.model_id ?? '';
    const { http } = strata;
    assert.equal((await strata.models.tag(id, 'production')).name, 'done');
    const holders: string[] = [];
    for await (const model of strata.models.all({ name: 'done', tag: 'production', limit: 1 }))
      holders.push(model.id);
    assert.deepEqual(holders, [id]);
    await assert.rejects(strata.models.delete(id), hasCode('model_in_use'));
    await strata.models.untag(id, 'production');
    assert.deepEqual(
      (await strata.models.tagChanges(id)).map((change) => change.model_id),
      [null, id],
    );
    assert.equal((await strata.models.update(id, { description: 'thin digits' })).description, 'thin digits');
    const { spec, figures } = await strata.models.compare(id, id);
    assert.deepEqual([spec, figures.every(({ difference }) => difference === 0)], [[], true]);
    const deleted = await http.DELETE('/jobs/{id}', { params: { path: { id: api.jobId } } });
    assert.equal(deleted.error?.code, 'job_has_model');
    await assert.rejects(strata.models.predict(id, new Uint8Array(9)), hasCode('model_not_served'));
    await assert.rejects(strata.models.get('model_0'), hasCode('not_found'));
  });

  test('metrics come as series, and as lines of CSV and NDJSON', async () => {
    const series = await strata.jobs.metrics(api.jobId, { name: ['loss'], stage: 0 });
    assert.deepEqual([series.length, series[0]?.unit, series[0]?.points.length], [1, 'nat', 12]);
    const lines = async (accept: string, query: string) => {
      const headers = { accept, authorization: `Bearer ${api.apiKey}` };
      const response = await fetch(`${api.url}/jobs/${api.jobId}/metrics?name=loss&stage=0${query}`, {
        headers,
      });
      assert.equal(response.headers.get('content-type'), accept);
      return (await response.text()).trim().split(/\r?\n/);
    };
    const csv = await lines('text/csv', '&raw=true');
    assert.equal(csv[0], 'name,stage,unit,step,value,attempt,at');
    assert.match(csv[1] ?? '', /^loss,0,nat,0,1,1,\d{4}-/);
    assert.equal(csv.length, 13);
    const sampled = await lines('application/x-ndjson', '&points=2');
    assert.deepEqual(
      sampled.map((line) => JSON.parse(line).step),
      [0, 11],
    );
    await assert.rejects(strata.jobs.metrics(api.jobId, { raw: true }), hasCode('not_acceptable'));
  });

  test('throws an error with code, pointers and request id for a refused request', async () => {
    await assert.rejects(strata.jobs.create({ dataset: 'nowhere' }), (error: StrataProblem) => {
      assert.deepEqual(
        [error.code, error.status, error.errors[0]?.pointer],
        ['invalid_spec', 400, '/dataset'],
      );
      assert.ok(error.requestId);
      return true;
    });
    await assert.rejects(strata.jobs.get('job_0'), hasCode('not_found'));
    await assert.rejects(strata.jobs.follow('job_0').next(), hasCode('not_found'));
    const stranger = createClient({ url: api.url, apiKey: 'strata_0_0' });
    await assert.rejects(stranger.jobs.list(), hasCode('unauthenticated'));
  });
});

const hasCode = (code: string) => (error: unknown) => error instanceof StrataProblem && error.code === code;

async function idsOf(strata: StrataClient, query: { metadata: Record<string, string> }): Promise<string[]> {
  return (await strata.jobs.list(query)).data.map(({ id }) => id);
}
