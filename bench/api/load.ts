import autocannon from 'autocannon';
import { median } from '../benchmark.js';
import { type Served, startBare } from './service.js';

const CONNECTIONS = 64;
/** Turn by turn, so that what else the machine does falls on both. */
const TURNS = 3;
/** Warm-up before each measurement: Node compiles hot code, and Postgres fills its caches. */
const WARM_UP_S = 3;

export interface Load {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly errors: number;
}

export interface Comparison {
  readonly ours: Load;
  readonly bare: Load;
  /** Ratio of requests per second: ours over the bare route's. */
  readonly ratio: number;
}

const JOB = {
  dataset: 'mnist',
  model: { depth: 8, width: 8 },
  epochs: 1,
  max_train_samples: 2048,
  batch_size: 64,
};

/** POST /jobs beside a bare insert of as many bytes, `seconds` each in turns, 64 connections. */
export async function loadCreate(
  api: Served & { readonly servers: { readonly databaseUrl: string } },
  seconds: number,
  rowBytes: number,
): Promise<Comparison> {
  const bare = await startBare(api.servers.databaseUrl, rowBytes);
  try {
    const [ours, theirs]: [autocannon.Result[], autocannon.Result[]] = [[], []];
    await fire(`${api.url}/jobs`, WARM_UP_S);
    await fire(`${bare.url}/rows`, WARM_UP_S);
    for (let turn = 0; turn < TURNS; turn++) {
      ours.push(await fire(`${api.url}/jobs`, seconds / TURNS));
      theirs.push(await fire(`${bare.url}/rows`, seconds / TURNS));
    }
    const [a, b] = [summary(ours), summary(theirs)];
    return { ours: a, bare: b, ratio: Number((a.requestsPerSecond / b.requestsPerSecond).toFixed(2)) };
  } finally {
    await bare.stop();
  }
}

function fire(url: string, seconds: number): Promise<autocannon.Result> {
  return autocannon({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(JOB),
  });
}

function summary(results: readonly autocannon.Result[]): Load {
  const rate = results.map(({ '2xx': answered, duration }) => answered / duration);
  return {
    requestsPerSecond: Math.round(median(rate)),
    p50Ms: median(results.map(({ latency }) => latency.p50)),
    p99Ms: median(results.map(({ latency }) => latency.p99)),
    errors: results.reduce((sum, { errors, timeouts, non2xx }) => sum + errors + timeouts + non2xx, 0),
  };
}
