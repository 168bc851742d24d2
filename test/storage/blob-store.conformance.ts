import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test as nodeTest, type TestOptions } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { BlobUri } from '../../src/contract/trainer-protocol.js';
import type { BlobStore, SpoolDraft } from '../../src/storage/blob-store.js';
import { BlobCorruptError, BlobMissingError } from '../../src/storage/errors.js';
import { itemsOf } from '../support/pages.js';

export interface StoreUnderTest {
  readonly store: BlobStore;
  /** Changes the stored bytes behind the store's back. */
  damage(uri: BlobUri): Promise<void>;
  /** Opens the same store once more, as another process does. */
  reopen(): BlobStore;
}

interface Traits {
  /** The precision of the times of the store. */
  readonly grainMs: number;
}

/** Tests that every implementation of a blob store must pass. */
export function conformance(
  name: string,
  { grainMs }: Traits,
  create: () => Promise<StoreUnderTest>,
  options: TestOptions = {},
): void {
  const test = (title: string, body: () => Promise<void>) => nodeTest(title, options, body);
  const bytes = new TextEncoder().encode('weights');
  const absent: BlobUri = `sha256:${'0'.repeat(64)}`;

  test(`${name}: processes that ask a new store for its id at the same time get the same one, and later ones, too`, async () => {
    const { store, reopen } = await create();
    const ids = await Promise.all([store.id(), reopen().id(), reopen().id()]);
    assert.match(ids[0], /^[0-9a-f-]{36}$/);
    assert.deepEqual(new Set([...ids, await reopen().id()]).size, 1);
    const other = await create();
    assert.notEqual(await other.store.id(), ids[0]);
  });

  test(`${name}: a part of a blob can be read, and fewer bytes at its end`, async () => {
    const { store } = await create();
    const { uri } = await store.put(bytes);
    const text = async (start: number, size: number) =>
      new TextDecoder().decode(await store.readRange(uri, start, size));
    assert.deepEqual([await text(0, 2), await text(3, 2), await text(5, 10)], ['we', 'gh', 'ts']);
    await assert.rejects(store.readRange(absent, 0, 1), BlobMissingError);
  });

  test(`${name}: a file of several parts becomes a blob, and is read whole and in part`, async () => {
    const { store, reopen, damage } = await create();
    const large = Buffer.alloc((16 << 20) + 5, 'strata');
    const sha256 = createHash('sha256').update(large).digest('hex');
    const path = join(await store.createWorkFolder('import_1/a1'), 'images');
    await writeFile(path, large);
    const output = await store.adopt(path, sha256);
    assert.deepEqual(output, { uri: `sha256:${sha256}`, size_bytes: large.length });
    await assert.rejects(readFile(path), { code: 'ENOENT' });
    assert.ok(large.equals(await reopen().get(output.uri)));
    assert.deepEqual(Buffer.from(await store.readRange(output.uri, large.length - 2, 9)), large.subarray(-2));
    await damage(output.uri);
    assert.equal((await store.put(large)).uri, output.uri);
    assert.ok(large.equals(await reopen().get(output.uri)));
  });

  test(`${name}: the generation of a blob stays the same while its bytes do`, async () => {
    const { store } = await create();
    const { uri } = await store.put(bytes);
    const before = await store.generation(uri);
    await store.touch(uri);
    assert.equal(await store.generation(uri), before);
    await assert.rejects(store.generation(absent), BlobMissingError);
  });

  test(`${name}: a blob comes back as it was put, under the sha256 of its bytes`, async () => {
    const { store } = await create();
    const output = await store.put(bytes);
    assert.equal(output.uri, 'sha256:9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c');
    assert.equal(output.size_bytes, bytes.byteLength);
    assert.deepEqual(new Uint8Array(await store.get(output.uri)), bytes);
    assert.deepEqual(new Uint8Array(await readFile(await store.localPath(output.uri))), bytes);
  });

  test(`${name}: the same bytes put twice, even at once, are one blob`, async () => {
    const { store } = await create();
    const [one, two] = await Promise.all([store.put(bytes), store.put(bytes)]);
    assert.deepEqual(one, two);
    assert.equal(await store.exists(one.uri), true);
  });

  test(`${name}: an empty blob is a blob`, async () => {
    const { store } = await create();
    const output = await store.put(new Uint8Array());
    assert.equal((await store.get(output.uri)).byteLength, 0);
  });

  test(`${name}: what is not there is said to be missing`, async () => {
    const { store } = await create();
    assert.equal(await store.exists(absent), false);
    await assert.rejects(store.get(absent), BlobMissingError);
    await assert.rejects(store.localPath(absent), BlobMissingError);
    await assert.rejects(store.get('spool:job/task-a1/none'), BlobMissingError);
  });

  test(`${name}: damaged bytes are never handed out`, async () => {
    const { store, damage } = await create();
    const { uri } = await store.put(bytes);
    await damage(uri);
    await assert.rejects(store.get(uri), BlobCorruptError);
    await assert.rejects(store.localPath(uri), BlobCorruptError);
  });

  test(`${name}: bytes that are damaged after they were checked are found out, and mended by a put`, async () => {
    const { store, damage } = await create();
    const { uri } = await store.put(bytes);
    for (let time = 0; time < 2; time++) {
      await store.localPath(uri);
      await damage(uri);
      await assert.rejects(store.localPath(uri), BlobCorruptError);
      await store.put(bytes);
      assert.deepEqual(new Uint8Array(await readFile(await store.localPath(uri))), bytes);
    }
  });

  test(`${name}: a spool file appears when committed, not before, and not when discarded`, async () => {
    const { store } = await create();
    const draft = await store.createSpool('job/task-a1/corrections');
    await writeFile(draft.path, bytes);
    assert.equal(await store.exists('spool:job/task-a1/corrections'), false);
    const output = await draft.commit();
    assert.deepEqual(output, { uri: 'spool:job/task-a1/corrections', size_bytes: bytes.byteLength });
    assert.deepEqual(new Uint8Array(await store.get(output.uri)), bytes);
    const other = await store.createSpool('job/task-a2/corrections');
    await writeFile(other.path, bytes);
    await other.discard();
    assert.equal(await store.exists('spool:job/task-a2/corrections'), false);
  });

  test(`${name}: a draft that is kept can be gone on with, whatever becomes of it`, async () => {
    const { store } = await create();
    const key = 'job/task-a1/corrections';
    const read = async (uri: BlobUri) => new TextDecoder().decode(await store.get(uri));
    const ends = [
      async (draft: SpoolDraft) => void (await draft.commit()),
      (draft: SpoolDraft) => draft.discard(),
      async () => undefined,
    ];
    for (const end of ends) {
      const draft = await store.createSpool(key);
      await appendFile(draft.path, 'one ');
      const first = await draft.keep();
      assert.equal(first.size_bytes, 4);
      assert.equal(await store.exists(`spool:${key}`), false);
      await appendFile(draft.path, 'two ');
      assert.deepEqual(await draft.keep(), { uri: first.uri, size_bytes: 8 });
      await appendFile(draft.path, 'lost');
      await end(draft);
      const next = await store.createSpool('job/task-a2/corrections', first);
      await appendFile(next.path, 'three');
      assert.equal(await read((await next.commit()).uri), 'one three');
      await assert.rejects(
        store.createSpool('job/task-a3/c', { ...first, size_bytes: 100 }),
        BlobCorruptError,
      );
      await store.deleteSpool('job/task-a');
      assert.equal(await store.exists(first.uri), false);
      await assert.rejects(store.createSpool('job/task-a3/c', first), BlobMissingError);
    }
  });

  test(`${name}: a file of several parts that only grows is whole when kept on the way, and when complete`, async () => {
    const { store, reopen } = await create();
    const piece = Buffer.alloc(5 << 20, 'strata');
    const draft = await store.createSpool('job/task-a1/c');
    const append = async (times: number) => {
      for (let time = 0; time < times; time++) {
        await appendFile(draft.path, piece.fill(`${time} strata `));
        draft.appended();
      }
    };
    await append(2);
    const kept = await draft.keep();
    const half = await readFile(draft.path);
    assert.equal(kept.size_bytes, half.length);
    await append(5);
    const all = await readFile(draft.path);
    const { uri } = await draft.commit();
    const other = reopen();
    assert.ok(all.equals(await other.get(uri)));
    const next = await other.createSpool('job/task-a2/c', kept);
    assert.ok(half.equals(await readFile(next.path)));
    await next.discard();
    await store.deleteSpool('job/task-a');
    await assert.rejects(reopen().get(uri), BlobMissingError);
  });

  test(`${name}: only blobs that were not put again since a time are deleted as untouched`, async () => {
    const { store } = await create();
    const put = async (text: string) => (await store.put(new TextEncoder().encode(text))).uri;
    const [old, again] = [await put('old'), await put('again')];
    const touched = await put('touched');
    const time = await laterThanNow(store, grainMs);
    assert.equal(await put('again'), again);
    assert.equal(await store.touch(touched), true);
    assert.equal(await store.touch(absent), false);
    const young = await put('young');
    assert.deepEqual(await itemsOf(store.blobsUntouchedSince(time)), [old]);
    assert.deepEqual(
      await Promise.all([old, again, touched].map((uri) => store.deleteUntouched(uri, time))),
      [true, false, false],
    );
    assert.equal(await store.deleteUntouched(old, time), false, 'it is gone already');
    assert.deepEqual(
      [await store.exists(old), await store.exists(again), await store.exists(young)],
      [false, true, true],
    );
    await store.deleteBlob(young);
    await store.deleteBlob(young);
    assert.equal(await store.exists(young), false);
  });

  test(`${name}: drafts are deleted once nobody has written to them for long`, async () => {
    const { store } = await create();
    const left = await store.createSpool('job/task-a1/c');
    await writeFile(left.path, bytes);
    const time = await laterThanNow(store, grainMs);
    const used = await store.createSpool('job/task-a2/c');
    await writeFile(used.path, bytes);
    await store.deleteDrafts(time);
    await assert.rejects(readFile(left.path), { code: 'ENOENT' });
    await used.commit();
  });

  test(`${name}: deleteSpool takes every key with the prefix and no other`, async () => {
    const { store } = await create();
    for (const key of ['job/one-a1/c', 'job/one-a2/c', 'job/two-a1/c', 'job2/one-a1/c']) {
      const draft = await store.createSpool(key);
      await writeFile(draft.path, bytes);
      await draft.commit();
    }
    const left = () =>
      Promise.all(
        (
          ['spool:job/one-a1/c', 'spool:job/one-a2/c', 'spool:job/two-a1/c', 'spool:job2/one-a1/c'] as const
        ).map((uri) => store.exists(uri)),
      );
    await store.deleteSpool('job/one-a');
    assert.deepEqual(await left(), [false, false, true, true]);
    await store.deleteSpool('job/');
    assert.deepEqual(await left(), [false, false, false, true]);
    await store.deleteSpool('job/');
    await assert.rejects(store.deleteSpool(''), RangeError);
  });

  test(`${name}: keys and uris that could leave the store are refused`, async () => {
    const { store } = await create();
    await assert.rejects(store.createSpool('../outside'), RangeError);
    await assert.rejects(store.createSpool('job//x'), RangeError);
    await assert.rejects(store.get('spool:job/../../etc/passwd'), RangeError);
    await assert.rejects(store.get('sha256:../../etc/passwd'), RangeError);
    await assert.rejects(store.deleteSpool('../'), RangeError);
  });
}

/** A time after everything written before, and before everything written later, by the clock of the store. */
async function laterThanNow(store: BlobStore, grainMs: number): Promise<Date> {
  await delay(2 * grainMs);
  const time = await store.now();
  await delay(grainMs);
  return time;
}
