import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openBlobStore } from '../src/storage/open.js';
import { startVersitygw, versitygw } from '../test/support/versitygw.js';
import { type Benchmark, type BenchmarkOptions, type BenchmarkReport, median } from './benchmark.js';
import { exchangeMessage, MESSAGE_MB, type MessageWaits, ROUND_SECONDS } from './storage/message.js';
import { startSlowLink, toxiproxy } from './storage/slow-link.js';

const ROUND_TRIP_MS = 1;
const TURNS = 3;

export const benchmark: Benchmark = {
  name: 'messages',
  title: `a message of ${MESSAGE_MB} MB in a round of ${ROUND_SECONDS} s, between threads that compute: a folder, and an S3 store behind ${ROUND_TRIP_MS} ms`,
  run,
};

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const [server, proxy] = await Promise.all([versitygw(), toxiproxy()]);
  if ('missing' in server) throw new Error(server.missing);
  if ('missing' in proxy) throw new Error(proxy.missing);
  const home = await mkdtemp(join(tmpdir(), 'strata-messages-'));
  const store = await startVersitygw(server.program, home);
  const link = await startSlowLink(proxy.program, store.endpoint, ROUND_TRIP_MS);
  try {
    await store.createBucket('blobs');
    const rows = await compareMessages(home, store.urlOf('blobs', 'messages', link.url), say);
    const seconds = (value: number) => `${value.toFixed(2)} s`.padStart(8);
    const lines = rows.map(
      ({ name, waits: { written, read } }) =>
        `${name.padEnd(42)} ${seconds(written)} beside sending  ${seconds(read)} beside reading`,
    );
    return { lines, figures: { messageMb: MESSAGE_MB, roundSeconds: ROUND_SECONDS, rows } };
  } finally {
    await link.stop();
    await store.stop();
    await rm(home, { recursive: true, force: true });
  }
}

interface MessageRow {
  readonly name: string;
  readonly waits: MessageWaits;
}

/** Times of a message beside the steps that make and read it: medians of turns. */
async function compareMessages(
  home: string,
  url: string,
  say: (line: string) => void,
): Promise<MessageRow[]> {
  const cacheOf = (name: string) => ({ folder: join(home, 'caches', name), maxBytes: 1e10 });
  const folder = pathToFileURL(join(home, 'folder')).href;
  const pairs = [
    { name: 'a folder', open: () => openBlobStore(folder) },
    {
      name: 'S3, requests in the thread that computes',
      open: (host: string) => openBlobStore(url, cacheOf(`a-${host}`)),
    },
    {
      name: 'S3, requests in a thread of their own',
      open: (host: string) => openBlobStore(url, cacheOf(`b-${host}`), { computes: true }),
    },
  ].map(({ name, open }) => ({
    name,
    sender: open('one'),
    receiver: open('two'),
    waits: [] as MessageWaits[],
  }));
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const [index, { sender, receiver, waits }] of pairs.entries())
      waits.push(await exchangeMessage(sender, receiver, `job-${index}/task-a${turn}/c`));
    for (const { name, waits } of pairs) say(`${name}: ${JSON.stringify(waits.at(-1))}`);
  }
  return pairs.map(({ name, waits: [, ...waits] }) => ({
    name,
    waits: {
      written: median(waits.map(({ written }) => written)),
      read: median(waits.map(({ read }) => read)),
    },
  }));
}
