import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fillTables, idOf } from '../../../../bench/api/tables.js';
import { Strata } from '../../../support/strata.js';
import { smallJob } from '../../support/specs.js';
import { planOf, scannedTables, sentBy } from './statements.js';

// npm run bench -- api times the same on millions of rows; here it is the plans that count.
const SIZES = { jobs: 20_000, measured: 20, points: 4_000 };

let strata: Strata;
before(async () => {
  strata = await Strata.start();
  await strata.client.jobs.createJob(smallJob(), {});
  await fillTables(strata.servers.databaseUrl, SIZES);
});
after(() => strata.stop());

const middle = idOf(SIZES.jobs / 2);
const measured = idOf(SIZES.measured / 2);
const page = (filter: object) => () => strata.client.jobs.listJobs({ limit: 20, ...filter });
const QUESTIONS: Readonly<Record<string, () => Promise<unknown>>> = {
  'the first page': page({}),
  'a page in the middle': page({ after: middle }),
  'a state': page({ state: ['failed'], after: middle }),
  'a state that no job is in': page({ state: ['running'] }),
  'metadata of many': page({ metadata: { team: 'vision' } }),
  'metadata of one': page({ metadata: { run: '7000' } }),
  'metadata and a state': page({ metadata: { team: 'rare' }, state: ['failed'] }),
  'metadata and a state of many': page({ metadata: { run: '7000' }, state: ['succeeded'] }),
  'two states that no job is in': page({ state: ['running', 'queued'] }),
  'a rare word': page({ q: 'needle' }),
  'a common word and a state': page({ q: 'hay', state: ['failed'] }),
  'a dataset that no job trains on': page({ dataset: 'cifar10' }),
  'a time range': page({ createdAfter: new Date(), createdBefore: new Date() }),
  'the most accurate': page({ order_by: 'accuracy' }),
  'archived jobs': page({ archived: true }),
  'two pairs': page({ metadata: { team: 'vision', run: '7000' } }),
  'one job': () => strata.client.jobs.getJob(middle),
  'its tasks': () => strata.client.jobs.listJobTasks(middle),
  'its events': () => strata.client.jobs.listJobEvents(middle, { after: 0, limit: 20 }),
  'one series': () => strata.client.jobs.listJobMetrics(measured, { names: ['loss'], stage: 0, points: 100 }),
  'what is new of a series': () =>
    strata.client.jobs.listJobMetrics(measured, { fromStep: SIZES.points / 4 - 10, points: 100 }),
  'what was written since': () =>
    strata.client.jobs.listJobMetrics(measured, { since: new Date(), points: 100 }),
  'every series': () => strata.client.jobs.listJobMetrics(measured, { points: 100 }),
};

test('lists, filters and series of large tables are read through indexes', async (t) => {
  for (const [name, ask] of Object.entries(QUESTIONS)) {
    const statements = await sentBy(ask);
    assert.ok(statements.length > 0, name);
    for (const statement of statements) {
      const scanned = await scannedTables(strata.sql, statement);
      const whole = scanned.filter((table) =>
        ['job', 'job_label', 'metric_point', 'metric_level'].includes(table),
      );
      assert.deepEqual(whole, [], `${name}: ${statement.text}`);
    }
    t.diagnostic(`${name}: ${statements.length} statements`);
  }
});

test('a filter by metadata passes by the newer jobs that carry nothing', async () => {
  const statements = await sentBy(page({ metadata: { team: 'vision' } }));
  for (const statement of statements) {
    const types = (await planOf(strata.sql, statement)).map((node) => node['Node Type']);
    const joins = types.filter((type) => /^(Merge|Hash) Join|^Sort$/.test(type));
    const { text } = statement;
    if (text.includes('FROM job_label CROSS JOIN LATERAL')) assert.deepEqual(joins, [], text);
  }
  assert.ok(statements.some(({ text }) => text.includes('OFFSET 0')));
});

test('a filter by metadata finds the same whether many jobs carry the pair or few', async () => {
  const runs = async (metadata: Record<string, string>, after?: string) =>
    (await strata.client.jobs.listJobs({ limit: 3, after, metadata })).data.map(({ metadata }) =>
      Number(metadata.run),
    );
  assert.deepEqual(await runs({ team: 'rare' }), [20_000, 10_000]);
  assert.deepEqual(await runs({ team: 'vision' }), [19_998, 19_996, 19_994]);
  assert.deepEqual(await runs({ team: 'vision' }, idOf(1000)), [998, 996, 994]);
  assert.deepEqual(await runs({ run: '17' }), [17]);
  assert.deepEqual(await runs({ team: 'vision', run: '17' }), []);
  assert.deepEqual(await runs({ team: 'vision', run: '18' }), [18]);
  assert.deepEqual(await runs({ te: 'amrare' }), []);
  assert.deepEqual(await runs({ team: 'nobody' }), []);
});
