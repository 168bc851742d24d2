import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Burst, figuresOf, percentile } from '../../bench/transports/figures.js';
import { measureTurn } from '../../bench/transports/measure.js';
import { Pair } from '../../bench/transports/pair.js';
import { linesOf, type Row } from '../../bench/transports/report.js';
import type { Meeting } from '../../bench/transports/transport.js';
import { freePort } from '../../src/provision/processes.js';

const burst = (seconds: number): Burst => ({
  bytes: 500e6,
  seconds,
  cpuSeconds: 2 * seconds,
  mainThreadSeconds: seconds / 2,
});

test('figures of a transport are the rates of its bursts, the latencies of single messages, and seconds per GB', () => {
  const latencies = Array.from({ length: 20 }, (_, index) => (index + 1) / 1e3);
  assert.deepEqual(figuresOf([burst(5), burst(4), burst(10)], latencies.toReversed()), {
    mbPerSecond: { median: 100, slowest: 50, fastest: 125 },
    latencyMs: { median: 10.5, p95: 19 },
    // 38 s for 1.5 GB.
    cpuSecondsPerGb: 25.33,
    mainThreadSecondsPerGb: 6.33,
  });
  assert.equal(percentile([3, 1, 2], 0.95), 3);
  assert.equal(percentile([3, 1, 2, 4], 0.5), 2);
  assert.throws(() => percentile([], 0.5), RangeError);
});

test('the report has a table for each wire, and gives costs on the one without delay', () => {
  const row = (roundTripMs: number | null, megabytes: number): Row => ({
    ...{ way: 'ours', roundTripMs, megabytes },
    ...figuresOf([burst(4)], [0.0644]),
  });
  const lines = linesOf([row(1, 1), row(1, 8), row(20, 1), row(null, 1)]);
  assert.deepEqual(
    lines.filter((line) => line.includes(': ')).map((line) => line.split(':')[0]),
    ['round trip 1 ms', 'round trip 20 ms', 'no delay, no limit', 'no delay, no limit'],
  );
  const ours = lines.filter((line) => line.startsWith('our stream')).map((line) => line.split(/ {2,}/));
  assert.deepEqual(ours, [
    ['our stream', '125 (125..125) 64.4 (64.4)', '125 (125..125) 64.4 (64.4)'],
    ['our stream', '125 (125..125) 64.4 (64.4)'],
    ['our stream', '125 (125..125) 64.4 (64.4)'],
    ['our stream', '16.0 (4.0)'],
  ]);
});

for (const way of ['ours', 'tls', 'tcp'] as const) {
  test(`${way}: a turn passes each message, and counts bytes, time and processor time`, async () => {
    const meeting: Meeting = {
      ...{ sender: '127.0.0.1', receiver: '127.0.0.1', port: await freePort(), capacity: 2 },
      ...{ secret: 'ab'.repeat(32), certificate: { key: '', certificate: '' }, packages: '' },
    };
    const pair = await Pair.open(way, meeting, { sender: [], receiver: [] }, async () => 0);
    try {
      const effort = { burstBytes: 50_000, singles: 3, singlesSeconds: 60, burstSeconds: 60 };
      const { burst: all, latencies } = await measureTurn(pair, 10_001, effort);
      assert.equal(latencies.length, 3);
      for (const seconds of latencies) assert.ok(seconds > 0, String(seconds));
      assert.equal(all.bytes, 5 * 10_001);
      assert.ok(all.seconds > 0 && all.cpuSeconds > 0 && all.mainThreadSeconds > 0, JSON.stringify(all));
      const one = await measureTurn(pair, 10_001, { ...effort, singlesSeconds: 0.000_001, burstSeconds: 0 });
      assert.equal(one.latencies.length, 1);
      assert.equal(one.burst.bytes, 10_001);
    } finally {
      await pair.close();
    }
  });
}
