import assert from 'node:assert/strict';
import { existsSync, readdirSync, readSync } from 'node:fs';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { outageOf } from '../../src/contract/outages.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { BlobMissingError } from '../../src/storage/errors.js';
import { openBlobStore } from '../../src/storage/open.js';
import { eventually } from '../support/eventually.js';
import { BUCKET, type FaultyS3, options, useFaultyS3 } from '../support/faulty-s3.js';
import type { S3Proxy } from '../support/s3-proxy.js';

const PART_BYTES = 8 << 20;
const LOOK_MS = 10;
const LONGEST_MS = 60_000;

let s3: FaultyS3;
let proxy: S3Proxy;
useFaultyS3((started) => {
  s3 = started;
  proxy = s3.proxy;
});

/** A host with an empty cache, whose process computes. @param endpoint of the store; absent: past the proxy */
function openStore(endpoint?: string): BlobStore {
  return openBlobStore(s3.server.urlOf(BUCKET, s3.prefix, endpoint), s3.newCache(), { computes: true });
}

/** Blocks this thread, as computing does, until `look` is true. */
function blockUntil(what: string, look: () => boolean): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  const end = Date.now() + LONGEST_MS;
  while (!look()) {
    if (Date.now() > end) throw new Error(`not within ${LONGEST_MS} ms: ${what}`);
    Atomics.wait(never, 0, 0, LOOK_MS);
  }
}

/** Three parts and a bit, each of one byte value. */
async function storeMessage(store: BlobStore): Promise<`spool:${string}`> {
  const draft = await store.createSpool('job/task-a1/c');
  for (const byte of [1, 2, 3]) await appendFile(draft.path, Buffer.alloc(PART_BYTES, byte));
  await appendFile(draft.path, 'end');
  draft.appended();
  await draft.commit();
  return 'spool:job/task-a1/c';
}

test('parts of a message are sent while this thread computes', options, async () => {
  const draft = await openStore().createSpool('job/task-a1/c');
  await writeFile(draft.path, Buffer.alloc(PART_BYTES + 1));
  draft.appended();
  const parts = join(s3.server.folder, BUCKET, s3.prefix, 'spool/job/task-a1/c.parts');
  blockUntil('the first part is in the store', () => existsSync(parts) && readdirSync(parts).length === 1);
  await draft.commit();
  assert.equal(readdirSync(parts).length, 2);
});

test('a message is read while it arrives, and this thread computes', options, async () => {
  const uri = await storeMessage(openStore());
  const store = openStore();
  const file = await store.openArriving(uri);
  try {
    for (const [index, byte] of [1, 2, 3].entries()) {
      file.waitFor((index + 1) * PART_BYTES);
      const read = Buffer.alloc(PART_BYTES);
      assert.equal(readSync(file.descriptor, read, 0, PART_BYTES, index * PART_BYTES), PART_BYTES);
      assert.ok(read.equals(Buffer.alloc(PART_BYTES, byte)), `part ${index}`);
    }
    file.waitFor(4 * PART_BYTES);
    assert.equal(readSync(file.descriptor, Buffer.alloc(9), 0, 9, 3 * PART_BYTES), 3);
  } finally {
    file.close();
  }
  const again = await store.openArriving(uri);
  again.waitFor(1);
  again.close();
  assert.equal((await readFile(await store.localPath(uri))).length, 3 * PART_BYTES + 3);
});

test(
  'a part that cannot be had stops the reader at its place, with the code of the outage',
  options,
  async () => {
    const uri = await storeMessage(openStore());
    let parts = 0;
    proxy.treat = (method, path) =>
      method === 'GET' && path.includes('.parts/') && parts++ > 0 ? 'dead' : 'pass';
    const store = openStore(proxy.url);
    const file = await store.openArriving(uri);
    try {
      file.waitFor(PART_BYTES);
      // The proxy is in this thread, so it must have answered all before this thread blocks: three parts, three times each.
      await eventually('the other parts fail', () => (proxy.counts.get('dead') ?? 0) >= 9);
      assert.throws(
        () => file.waitFor(3 * PART_BYTES),
        (error) => outageOf(error) === 'storage_unreachable',
      );
    } finally {
      file.close();
    }
    proxy.treat = () => 'pass';
    const again = await store.openArriving(uri);
    again.close();
    assert.equal((await readFile(await store.localPath(uri))).length, 3 * PART_BYTES + 3);
  },
);

test('errors keep their kind on the way between threads', options, async () => {
  const store = openStore(proxy.url);
  await assert.rejects(store.openArriving('spool:job/none-a1/c'), BlobMissingError);
  await assert.rejects(store.get(`sha256:${'0'.repeat(64)}`), BlobMissingError);
  proxy.treat = () => 'full';
  await assert.rejects(store.put(Buffer.from('x')), {
    code: 'storage_full',
    message: /its quota is reached/,
  });
  proxy.treat = () => 'pass';
  const { uri } = await store.put(Buffer.from('x'));
  assert.equal(Buffer.from(await store.get(uri)).toString(), 'x');
});
