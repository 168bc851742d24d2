import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { outageOf } from '../../src/contract/outages.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { BlobCorruptError } from '../../src/storage/errors.js';
import { temporaryFolder } from '../provision/temporary.js';
import { eventually } from '../support/eventually.js';
import { BUCKET, type FaultyS3, options, useFaultyS3 } from '../support/faulty-s3.js';
import type { S3Proxy, Treatment } from '../support/s3-proxy.js';

/** The time for which a store may say nothing: short, because these tests wait for it. */
const SILENCE_MS = 400;

let s3: FaultyS3;
let proxy: S3Proxy;
let store: BlobStore;
useFaultyS3((started) => {
  s3 = started;
  proxy = s3.proxy;
  store = openStore();
});

/** The same store on a host with an empty cache. */
function openStore(bucket = BUCKET, endpoint = proxy.url): BlobStore {
  return s3.openStore({ bucket, endpoint, silenceMs: SILENCE_MS });
}

const always = (treatment: Treatment) => () => treatment;
/** Treats the first requests with a method so, and lets the rest pass. */
const first = (count: number, method: string, treatment: Treatment) => {
  let left = count;
  return (asked: string) => (asked === method && left-- > 0 ? treatment : 'pass');
};

const SMALL = Buffer.from('weights');
const LARGE = Buffer.alloc((16 << 20) + 1, 'strata');

const FAULTS = [
  ['dead', 'storage_unreachable', /does not answer. Check the endpoint/],
  ['silent', 'storage_unreachable', /does not answer/],
  ['full', 'storage_full', /is full, or its quota is reached/],
  ['denied', 'storage_denied', /refuses the credentials. Check AWS_ACCESS_KEY_ID/],
  ['broken', 'storage_unreachable', /does not answer.*InternalError/],
  ['busy', 'storage_unreachable', /does not answer.*SlowDown/],
] as const;

for (const [fault, code, message] of FAULTS) {
  test(
    `a store that is ${fault} gives ${code}, an outage, on every way; afterwards everything is there`,
    options,
    async () => {
      const { uri } = await store.put(SMALL);
      const draft = await store.createSpool('job/task-a1/c');
      await writeFile(draft.path, LARGE);
      proxy.treat = always(fault);
      const other = openStore();
      const ways = [
        other.put(Buffer.from('more')),
        other.get(uri),
        other.exists(uri),
        other.readRange(uri, 0, 1),
        other.id(),
        draft.commit(),
      ];
      for (const way of await Promise.allSettled(ways)) {
        assert.equal(way.status, 'rejected');
        assert.equal(outageOf(way.reason), code, String(way.reason));
      }
      await assert.rejects(other.get(uri), { code, message });
      proxy.treat = always('pass');
      assert.ok(SMALL.equals(await other.get(uri)));
      assert.equal(await store.exists('spool:job/task-a1/c'), false, 'nothing is half-written');
      await draft.commit();
      assert.ok(LARGE.equals(await other.get('spool:job/task-a1/c')));
    },
  );
}

test('a bucket that does not exist, and an endpoint where nothing listens, say so', options, async () => {
  await assert.rejects(openStore('other').id(), {
    code: 'storage_no_bucket',
    message: /Create it, or correct BLOB_URL/,
  });
  await assert.rejects(openStore('other').put(SMALL), { code: 'storage_no_bucket' });
  await assert.rejects(openStore(BUCKET, 'http://127.0.0.1:9').get('spool:job/task-a1/c'), {
    code: 'storage_unreachable',
  });
});

test('one request that fails is made again, to read and to write', options, async () => {
  for (const treatment of ['dead', 'broken', 'busy'] as const) {
    const bytes = Buffer.from(treatment);
    proxy.treat = first(1, 'PUT', treatment);
    const { uri } = await store.put(bytes);
    proxy.treat = first(1, 'GET', treatment);
    assert.ok(bytes.equals(await openStore().get(uri)), treatment);
    assert.equal(proxy.counts.get(treatment), 2, treatment);
  }
});

test('a store that is slow, but goes on, is waited for', options, async () => {
  proxy.treat = always('slow');
  // 256 pieces of 64 kB: longer in all than a store may say nothing.
  const { uri } = await store.put(LARGE);
  assert.ok(LARGE.equals(await openStore().get(uri)));
});

test('an answer that breaks off or arrives damaged is asked for again', options, async () => {
  const { uri } = await store.put(LARGE);
  for (const treatment of ['cut', 'lie'] as const) {
    proxy.treat = first(1, 'GET', treatment);
    assert.ok(LARGE.equals(await openStore().get(uri)), treatment);
    assert.equal(proxy.counts.get(treatment), 1);
  }
});

test(
  'a store that gives other bytes again and again is found out, and leaves nothing in the cache',
  options,
  async () => {
    const { uri } = await store.put(SMALL);
    const other = openStore();
    proxy.treat = always('lie');
    await assert.rejects(other.get(uri), BlobCorruptError);
    await assert.rejects(other.localPath(uri), BlobCorruptError);
    proxy.treat = always('pass');
    assert.ok(SMALL.equals(await other.get(uri)));
  },
);

test(
  'a store that drops an object which it said it took is found out, and gets it again',
  options,
  async (t) => {
    const path = join(await temporaryFolder(t), 'large');
    const sha256 = createHash('sha256').update(LARGE).digest('hex');
    const puts = {
      // The one request of a small object, and the last one of a large object in parts.
      PUT: () => store.put(SMALL),
      POST: async () => {
        await writeFile(path, LARGE);
        return store.adopt(path, sha256);
      },
    };
    for (const [method, put] of Object.entries(puts)) {
      proxy.treat = (asked, target) => (asked === method && !/[?&]uploads/.test(target) ? 'drop' : 'pass');
      await assert.rejects(
        put(),
        { code: 'storage_failing', message: /said that it took an object/ },
        method,
      );
      assert.ok(proxy.counts.get('drop')! > 0, method);
      proxy.treat = always('pass');
      const { uri } = await put();
      assert.equal((await openStore().get(uri)).length, method === 'PUT' ? SMALL.length : LARGE.length);
    }
  },
);

test(
  'a store that loses a part of an upload for a moment gets it again; one that stays down gets no object',
  options,
  async () => {
    const draft = await store.createSpool('job/task-a1/c');
    await writeFile(draft.path, LARGE);
    let parts = 0;
    proxy.treat = (_, path) => (path.includes('partNumber') && parts++ > 0 ? 'full' : 'pass');
    await assert.rejects(draft.commit(), { code: 'storage_full' });
    assert.equal(await store.exists('spool:job/task-a1/c'), false);
    proxy.treat = first(1, 'PUT', 'dead');
    await draft.commit();
    assert.ok(LARGE.equals(await openStore().get('spool:job/task-a1/c')));
  },
);

test(
  'parts of a growing file are sent before it is complete; those that failed are sent again at its end',
  options,
  async () => {
    const draft = await store.createSpool('job/task-a1/c');
    const arrived = async () => {
      const found = await s3.server.client.send(
        new ListObjectsV2Command({ Bucket: BUCKET, Prefix: `${s3.prefix}spool/job/task-a1/c.parts/` }),
      );
      return found.Contents?.map(({ Key }) => Key ?? '') ?? [];
    };
    const append = async (byte: number) => {
      await appendFile(draft.path, Buffer.alloc(9 << 20, byte));
      draft.appended();
    };
    await append(1);
    await eventually('the first part arrives', async () => (await arrived()).length === 1);
    proxy.treat = always('dead');
    await append(2);
    await eventually('the second part fails', () => (proxy.counts.get('dead') ?? 0) >= 3);
    await assert.rejects(draft.commit(), { code: 'storage_unreachable' });
    assert.equal((await arrived()).length, 1);
    proxy.treat = always('pass');
    const expected = await readFile(draft.path);
    const { uri } = await draft.commit();
    assert.equal((await arrived()).length, 3);
    assert.ok(expected.equals(await openStore().get(uri)));
    // The list of the parts comes damaged, then a part.
    for (const damaged of [/\/c$/, /\.parts\//]) {
      let left = 1;
      proxy.treat = (method, path) =>
        method === 'GET' && damaged.test(path.split('?')[0] ?? '') && left-- > 0 ? 'lie' : 'pass';
      proxy.counts.clear();
      assert.ok(expected.equals(await openStore().get(uri)), `${damaged}`);
      assert.equal(proxy.counts.get('lie'), 1, `${damaged}`);
    }
    proxy.treat = (method, path) => (method === 'GET' && /\/c\?/.test(path) ? 'lie' : 'pass');
    await assert.rejects(openStore().get(uri), BlobCorruptError);
    proxy.treat = always('pass');
    const [first = ''] = await arrived();
    await s3.server.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: first, Body: 'other bytes' }));
    await assert.rejects(openStore().get(uri), BlobCorruptError);
    await store.deleteSpool('job/');
    assert.deepEqual(await arrived(), []);
  },
);
