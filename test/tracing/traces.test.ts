import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { NO_TRACING, openTracing } from '../../src/tracing/tracing.js';
import { buildLiveApp } from '../api/security/live-api.js';
import { smallJob } from '../jobs/support/specs.js';
import { type CollectedSpan, Collector } from '../support/collector.js';
import { FAKE_TRAINER, Strata } from '../support/strata.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const CALLER = 'b7ad6b7169203331';

test('nothing is traced without a collector, and a caller’s trace is passed on', async () => {
  assert.equal(await openTracing({}, 'api'), NO_TRACING);
  const disabled = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' };
  assert.equal(await openTracing(disabled, 'api'), NO_TRACING);
  const start = (parent: string | null) =>
    NO_TRACING.start({ name: 'x', kind: 'server', parent }).traceparent;
  assert.equal(start(`00-${TRACE}-${CALLER}-01`), `00-${TRACE}-${CALLER}-01`);
  const none = [
    null,
    '',
    'nonsense',
    `ff-${TRACE}-${CALLER}-01`,
    `00-${'0'.repeat(32)}-${CALLER}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${CALLER}-01`,
    `00-${TRACE}-${CALLER}-012`,
  ];
  for (const parent of none) assert.equal(start(parent), null, String(parent));
  // A later version may append fields; ours are read, and version 00 is written.
  assert.equal(start(`01-${TRACE}-${CALLER}-00-more`), `00-${TRACE}-${CALLER}-00`);
});

describe('traces that a collector gets', () => {
  let strata: Strata;
  let collector: Collector;
  let app: FastifyInstance;
  let stopAll: () => Promise<void>;
  let jobId: string;
  const spans = (name: RegExp) => collector.spans.filter((span) => name.test(span.name));
  const childrenOf = (span: CollectedSpan) =>
    collector.spans.filter(({ parentSpanId }) => parentSpanId === span.spanId);

  before(async () => {
    collector = await Collector.start();
    const otel = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    // The variable that the API process reads; the exporter takes the address from its own environment.
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
    strata = await Strata.start({ trainer: FAKE_TRAINER });
    const tracing = await openTracing(otel, 'api');
    app = await buildLiveApp(strata, true, 0, tracing);
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const processes = await Promise.all([strata.startDispatcher(), strata.startWorker(otel)]);
    await strata.orders.fail('evaluate-3', 'internal');
    const response = await fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${TRACE}-${CALLER}-01` },
      body: JSON.stringify({ ...smallJob(), name: 'traced' }),
    });
    assert.equal(response.status, 201);
    jobId = ((await response.json()) as { id: string }).id;
    assert.equal((await strata.ended(jobId)).state, 'succeeded');
    // A process that stops sends what it has not sent yet.
    await Promise.all(processes.map((started) => started.stop()));
    await app.close();
    await tracing.close();
    stopAll = async () => {
      delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT;
      await strata.stop();
      await collector.stop();
    };
  });
  after(() => stopAll?.());

  test('one trace leads from the caller over HTTP and the queue to every task of the trainer', async () => {
    const [request, ...others] = spans(/^POST \/jobs$/);
    assert.ok(request && others.length === 0);
    assert.deepEqual([request.traceId, request.parentSpanId, request.service], [TRACE, CALLER, 'strata-api']);
    assert.equal(request.attributes['http.response.status_code'], 201);
    const { data } = await strata.client.jobs.listJobTasks(jobId);
    const attempts = data.reduce((sum, { attempt }) => sum + attempt, 0);
    assert.equal(attempts, data.length + 1, 'one was tried again');
    for (const name of [/^task /, /^queue$/]) {
      const found = spans(name);
      assert.equal(found.length, attempts);
      for (const span of found) {
        assert.deepEqual(
          [span.traceId, span.parentSpanId, span.service, span.attributes['strata.job_id']],
          [TRACE, request.spanId, 'strata-worker', jobId],
        );
        assert.ok(span.startMs <= span.endMs);
      }
    }
    const keys = spans(/^task /).map(({ attributes }) => attributes['strata.task']);
    assert.deepEqual(new Set(keys), new Set(data.map(({ key }) => key)));
  });

  test('the parts of a task are spans under it, with the durations of the trainer', async () => {
    const { data } = await strata.client.jobs.listJobTasks(jobId);
    const { seconds } = data.find(({ key }) => key === 'stage-1-0')!;
    const [task] = spans(/^task stage$/).filter(
      ({ attributes }) => attributes['strata.task'] === 'stage-1-0',
    );
    const parts = childrenOf(task!).map(({ name, startMs, endMs }) => [name, endMs - startMs] as const);
    assert.deepEqual(
      parts.map(([name]) => name),
      Object.keys(seconds),
    );
    // OTLP counts nanoseconds in a double here: half a microsecond is lost.
    for (const [name, length] of parts) assert.ok(Math.abs(length - seconds[name]! * 1000) < 1e-2, name);
  });

  test('a failed attempt has an error in its span; the next one has none', () => {
    const attempts = spans(/^task evaluate$/).map(({ attributes, error }) => [
      attributes['strata.attempt'],
      attributes['strata.outcome'],
      error,
    ]);
    assert.deepEqual(attempts.sort(), [
      [1, 'failed', 'internal'],
      [2, 'succeeded', null],
    ]);
  });
});
