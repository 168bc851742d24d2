import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { parseBlobUrl } from '../../src/contract/blob-url.js';
import type { BlobUri } from '../../src/contract/trainer-protocol.js';
import { openBlobStore } from '../../src/storage/open.js';
import { startVersitygw, versitygw } from '../support/versitygw.js';
import { conformance } from './blob-store.conformance.js';

const BUCKET = 'blobs';
const built = await versitygw();
const skip = 'missing' in built ? built.missing : false;
const home = await mkdtemp(join(tmpdir(), 'strata-s3-'));
const server = 'program' in built ? await startVersitygw(built.program, home) : null;
await server?.createBucket(BUCKET);
after(async () => {
  await server?.stop();
  await rm(home, { recursive: true, force: true });
});

function needServer() {
  if (server === null) throw new Error('the test should have been skipped');
  return server;
}

const cacheOf = (name: string) => ({ folder: join(home, 'caches', name), maxBytes: 1e9 });

/** A store under a prefix of its own, as several processes on hosts of their own see it. */
function newStore() {
  const { client, urlOf } = needServer();
  const prefix = randomUUID();
  const caches = [cacheOf(randomUUID())];
  const open = (cache = cacheOf(randomUUID())) => {
    caches.push(cache);
    return openBlobStore(urlOf(BUCKET, prefix), cache);
  };
  const keyOf = (uri: BlobUri) =>
    uri.startsWith('sha256:')
      ? `${prefix}/blobs/${uri.slice(7, 9)}/${uri.slice(7)}`
      : `${prefix}/${uri.replace('spool:', 'spool/')}`;
  return {
    prefix,
    store: open(caches[0]),
    reopen: () => open(),
    keyOf,
    async damage(uri: BlobUri) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: keyOf(uri), Body: 'other bytes' }));
      await Promise.all(
        caches.map(({ folder }) => rm(join(folder, 'blobs'), { recursive: true, force: true })),
      );
    },
    async versionsOf(uri: BlobUri) {
      const { Versions } = await client.send(
        new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: keyOf(uri) }),
      );
      return Versions ?? [];
    },
  };
}

conformance('s3', { grainMs: 1_100 }, async () => newStore(), { skip });

const BYTES = Buffer.from('weights');

test('a bucket without versions is refused at the start, with the command that turns them on', {
  skip,
}, async () => {
  const { createBucket, urlOf } = needServer();
  await createBucket('unversioned', false);
  const store = openBlobStore(urlOf('unversioned'), cacheOf(randomUUID()));
  await assert.rejects(store.id(), { code: 'storage_unversioned', message: /Turn versioning on/ });
});

test('a deletion takes every version, and a collection those that a later put has replaced', {
  skip,
}, async () => {
  const { store, versionsOf } = newStore();
  const { uri } = await store.put(BYTES);
  await store.put(BYTES);
  assert.equal((await versionsOf(uri)).length, 2);
  for await (const _ of store.blobsUntouchedSince(new Date(0))) assert.fail('nothing is as old as that');
  assert.equal((await versionsOf(uri)).length, 1);
  await store.put(BYTES);
  await store.deleteBlob(uri);
  assert.deepEqual(await versionsOf(uri), []);
});

test('uploads that a process left behind are aborted', { skip }, async () => {
  const { client } = needServer();
  const { store, prefix } = newStore();
  const target = { Bucket: BUCKET, Key: `${prefix}/spool/job/task-a1/c` };
  await client.send(new CreateMultipartUploadCommand(target));
  const uploads = async () =>
    (await client.send(new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: prefix }))).Uploads ?? [];
  await store.deleteDrafts(new Date(0));
  assert.equal((await uploads()).length, 1);
  await store.deleteDrafts(new Date(Date.now() + 60_000));
  assert.deepEqual(await uploads(), []);
});

test('credentials stay out of BLOB_URL, and what it cannot mean is refused', () => {
  for (const [url, problem] of [
    ['s3://key:secret@bucket/', /AWS_SECRET_ACCESS_KEY/],
    ['s3://bucket?color=red', /unknown parameter color; it takes endpoint/],
    ['s3://bucket?endpoint=minio:9000', /endpoint; it must be a URL/],
    ['s3://bucket/a//b', /invalid prefix/],
    ['s3://bucket?path_style=maybe', /path_style; it must be true or false/],
  ] as const)
    assert.throws(() => parseBlobUrl(url), problem, url);
  assert.deepEqual(parseBlobUrl('s3://bucket'), {
    ...{ kind: 's3', bucket: 'bucket', prefix: '', endpoint: null, region: null, pathStyle: false },
  });
});
