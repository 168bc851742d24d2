import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { test } from 'node:test';
import type { BlobUri } from '../../../src/contract/trainer-protocol.js';
import type { InputAhead } from '../../../src/jobs/store/inputs-ahead.js';
import { FetchAhead, type FetchAheadOptions } from '../../../src/jobs/worker/tasks/fetch-ahead.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { BlobMissingError } from '../../../src/storage/errors.js';
import { openBlobStore } from '../../../src/storage/open.js';
import { eventually } from '../../support/eventually.js';
import { BUCKET, type FaultyS3, options, useFaultyS3 } from '../../support/faulty-s3.js';
import { log } from '../support/store.js';

const PART_BYTES = 8 << 20;
const TASK = { id: 'task_1', jobId: 'job_1' };
const MESSAGE = 'spool:job_1/stage-0-1-a1/corrections';

let s3: FaultyS3;
useFaultyS3((started) => {
  s3 = started;
});

interface Setup extends Partial<FetchAheadOptions> {
  /** Inputs of the next tasks, at the moment of the question. */
  readonly inputs: () => readonly InputAhead[];
  readonly fetch?: BlobStore['fetchAhead'];
}

/** @returns the copies that were begun, and the warnings, besides */
function open({ inputs, fetch = async () => undefined, ...changes }: Setup) {
  const begun: BlobUri[] = [];
  const warnings: unknown[] = [];
  const ahead = new FetchAhead({
    find: async () => inputs(),
    blobs: {
      fetchAhead(uri, signal) {
        begun.push(uri);
        return fetch(uri, signal);
      },
    },
    maxBytes: 1e9,
    lookMs: 5,
    drained: new AbortController().signal,
    log: { ...log, warn: (about: unknown) => void warnings.push(about) },
    ...changes,
  });
  return { ahead, begun, warnings };
}

const inputs = (...uris: (string | null)[]): InputAhead[] =>
  uris.map((uri) => ({ uri: uri as BlobUri | null, bytes: uri === null ? null : 10 }));

async function storeMessage(store: BlobStore): Promise<number> {
  const draft = await store.createSpool(MESSAGE.slice('spool:'.length));
  for (const byte of [1, 2]) await appendFile(draft.path, Buffer.alloc(PART_BYTES, byte));
  await appendFile(draft.path, 'end');
  draft.appended();
  return (await draft.commit()).size_bytes;
}

test(
  'the trainer of the next task finds its message in the cache, and reads none of it from the store',
  options,
  async () => {
    const bytes = await storeMessage(s3.openStore());
    let read = 0;
    s3.proxy.treat = (method) => {
      if (method === 'GET') read++;
      return 'pass';
    };
    const cache = s3.newCache();
    let copied = false;
    const { ahead, warnings } = open({
      inputs: () => [{ uri: MESSAGE, bytes }],
      async fetch(uri, signal) {
        await s3.openStore({ cache }).fetchAhead(uri, signal);
        copied = true;
      },
    });
    // The trainer is another process of the same host.
    const trainer = openBlobStore(s3.server.urlOf(BUCKET, s3.prefix, s3.proxy.url), cache, {
      computes: true,
    });
    const end = ahead.begin(TASK);
    await eventually('the message is here', () => copied);
    end();
    await ahead.idle();
    const whole = read;
    assert.equal(whole, 4, 'the list and three parts');
    const file = await trainer.openArriving(MESSAGE);
    file.waitFor(bytes);
    file.close();
    assert.equal(read, whole);
    assert.deepEqual(warnings, []);
  },
);

test('a copy that is not complete when the task ends breaks off, and leaves nothing', options, async () => {
  await storeMessage(s3.openStore());
  const store = s3.openStore();
  let asked = 0;
  s3.proxy.treat = (method) => (method === 'GET' && asked++ > 1 ? 'silent' : 'pass');
  const over = new AbortController();
  const fetching = store.fetchAhead(MESSAGE, over.signal);
  await eventually('a part is on its way', () => asked > 1);
  over.abort();
  await assert.rejects(fetching);
  s3.proxy.treat = () => 'pass';
  assert.equal((await store.get(MESSAGE)).length, 2 * PART_BYTES + 3);
});

test('it looks again for what is not there yet, and ends when all is here', async () => {
  let looks = 0;
  const { ahead, begun } = open({
    inputs: () => (looks++ === 0 ? inputs('spool:a/b/c', null) : inputs('spool:a/b/c', 'spool:a/b/d')),
  });
  ahead.begin(TASK);
  await eventually('both are here', () => begun.length === 2);
  await ahead.idle();
  assert.deepEqual(begun, ['spool:a/b/c', 'spool:a/b/d']);
  assert.equal(looks, 2);
});

test('it fetches no more than it may, the most probable first', async () => {
  const { ahead, begun } = open({
    inputs: () => inputs('spool:a/b/1', 'spool:a/b/2', 'spool:a/b/3'),
    maxBytes: 25,
  });
  const end = ahead.begin(TASK);
  await eventually('two are begun', () => begun.length === 2);
  end();
  await ahead.idle();
  assert.deepEqual(begun, ['spool:a/b/1', 'spool:a/b/2']);
});

test('failures are said and tried again; what is gone is passed over', async () => {
  let failures = 0;
  const { ahead, begun, warnings } = open({
    inputs: () => inputs('spool:a/b/gone', 'spool:a/b/c'),
    async fetch(uri) {
      if (uri === 'spool:a/b/gone') throw new BlobMissingError(uri);
      if (failures++ === 0) throw new Error('the store does not answer');
    },
  });
  const end = ahead.begin(TASK);
  await eventually('it has come', () => failures === 2);
  end();
  await ahead.idle();
  assert.deepEqual(begun, ['spool:a/b/gone', 'spool:a/b/c', 'spool:a/b/c']);
  assert.equal(warnings.length, 1);
});

test('a worker that drains fetches nothing, and stops what it fetches', async () => {
  const drain = new AbortController();
  const stopped: unknown[] = [];
  const { ahead, begun, warnings } = open({
    inputs: () => inputs('spool:a/b/c'),
    drained: drain.signal,
    fetch: (_, signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          stopped.push(signal.reason);
          reject(signal.reason);
        });
      }),
  });
  ahead.begin(TASK);
  await eventually('a copy is on its way', () => begun.length === 1);
  drain.abort();
  await ahead.idle();
  assert.equal(stopped.length, 1);
  ahead.begin(TASK);
  await ahead.idle();
  assert.equal(begun.length, 1);
  assert.deepEqual(warnings, []);
});
