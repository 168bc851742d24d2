import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ListMultipartUploadsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { FastifyInstance } from 'fastify';
import { openUploadPlace } from '../../src/storage/uploads/open.js';
import { eventually } from '../support/eventually.js';
import { Strata } from '../support/strata.js';
import { type S3Server, startVersitygw, versitygw } from '../support/versitygw.js';
import { buildLiveApp } from './security/live-api.js';

const BUCKET = 'uploads';
const built = await versitygw();
const skip = 'missing' in built ? built.missing : false;

const TUS = { 'tus-resumable': '1.0.0' };
const PIECE = { ...TUS, 'content-type': 'application/offset+octet-stream' };
/** More than a part of a bucket, and no multiple of one. */
const FILE = randomBytes(11_000_003);

describe('uploads in pieces with the blobs in a bucket', { skip }, () => {
  let home: string;
  let server: S3Server;
  let blobUrl: string;
  let strata: Strata;
  let apps: FastifyInstance[];
  let urls: string[];

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'strata-uploads-'));
    server = await startVersitygw('program' in built ? built.program : '', home);
    await server.createBucket(BUCKET);
    blobUrl = server.urlOf(BUCKET);
    strata = await Strata.start({ blobUrl });
    const start = (name: string) =>
      buildLiveApp(strata, true, 0, undefined, {
        blobUrl,
        folder: join(home, name),
        limitBytes: 100_000_000,
        reserveBytes: 0,
      });
    apps = await Promise.all(['one', 'two'].map(start));
    urls = await Promise.all(apps.map((app) => app.listen({ host: '127.0.0.1', port: 0 })));
  });
  after(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await strata.stop();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  const ask = (api: number, path: string, method: string, headers: Record<string, string>, body?: Buffer) =>
    fetch(`${urls[api]}${path}`, { method, headers, ...(body && { body: new Uint8Array(body) }) });

  async function begin(length = FILE.length): Promise<string> {
    const answer = await ask(0, '/uploads', 'POST', { ...TUS, 'upload-length': String(length) });
    assert.equal(answer.status, 201);
    const location = answer.headers.get('location') ?? '';
    assert.match(location, /^\/uploads\/[0-9a-f]{32}$/);
    return location;
  }

  async function send(api: number, path: string, start: number, end = FILE.length): Promise<number> {
    const headers = { ...PIECE, 'upload-offset': String(start) };
    const answer = await ask(api, path, 'PATCH', headers, FILE.subarray(start, end));
    assert.equal(answer.status, 204, await answer.text());
    return Number(answer.headers.get('upload-offset'));
  }

  async function offsetAt(api: number, path: string): Promise<number> {
    return Number((await ask(api, path, 'HEAD', TUS)).headers.get('upload-offset'));
  }

  /** Keys of the bucket under this upload, with those of replaced versions and of unfinished parts. */
  async function left(path: string): Promise<string[]> {
    const at = { Bucket: BUCKET, Prefix: `strata${path}` };
    const { Versions = [], DeleteMarkers = [] } = await server.client.send(new ListObjectVersionsCommand(at));
    const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand(at));
    return [...Versions, ...DeleteMarkers, ...Uploads].map(({ Key = '' }) => Key);
  }

  test('two APIs serve one upload, whose dataset gets its bytes, and the bucket keeps nothing', async () => {
    const path = await begin();
    assert.equal(await send(0, path, 0, 7_000_000), 7_000_000);
    assert.equal(await offsetAt(1, path), 7_000_000);
    assert.equal(await send(1, path, 7_000_000, 7_100_000), 7_100_000);
    assert.equal(await send(0, path, 7_100_000), FILE.length);
    const id = path.slice('/uploads/'.length);
    const body = JSON.stringify({ name: 'pieces', upload: id });
    const made = await fetch(`${urls[1]}/datasets`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    assert.equal(made.status, 201, await made.clone().text());
    const { rows } = await strata.sql.query<{ source: { uri: `spool:${string}` } }>(
      'SELECT source FROM dataset_import',
    );
    const uri = JSON.stringify(rows[0]?.source).match(/spool:[^"]+/)?.[0] as `spool:${string}`;
    const stored = createHash('sha256').update(await strata.blobs.get(uri));
    assert.equal(stored.digest('hex'), createHash('sha256').update(FILE).digest('hex'));
    assert.deepEqual(await left(path), []);
    assert.deepEqual(await readdir(join(home, 'two')), []);
    assert.equal((await ask(0, path, 'HEAD', TUS)).status, 404);
  });

  test('a request at another API ends one whose connection says nothing any more', async () => {
    const path = await begin();
    const headers = { ...PIECE, 'upload-offset': '0', 'content-length': String(FILE.length) };
    const silent = request(`${urls[0]}${path}`, { method: 'PATCH', headers });
    silent.on('error', () => undefined);
    silent.write(FILE.subarray(0, 6_000_000));
    await eventually('the first API has the turn', async () => {
      const { rows } = await strata.sql.query('SELECT 1 FROM upload WHERE holder IS NOT NULL');
      return rows.length === 1;
    });
    const offset = await offsetAt(1, path);
    assert.ok(offset <= 6_000_000, `${offset}`);
    silent.destroy();
    assert.equal(await send(1, path, offset), FILE.length);
    assert.equal(await offsetAt(0, path), FILE.length);
  });

  test('a deleted upload leaves neither versions nor parts', async () => {
    const path = await begin();
    await send(0, path, 0, 6_000_000);
    await send(0, path, 6_000_000, 6_500_000);
    assert.equal((await ask(1, path, 'DELETE', TUS)).status, 204);
    assert.deepEqual(await left(path), []);
    // tus has answered before the row goes.
    await eventually('its row is gone', async () => {
      const { rowCount } = await strata.sql.query('SELECT 1 FROM upload WHERE id = $1', [path.slice(9)]);
      return rowCount === 0;
    });
  });

  test('uploads that nobody goes on with are deleted, those in work stay', async () => {
    const [idle, busy, forgotten] = [await begin(), await begin(), await begin()];
    for (const path of [idle, busy, forgotten]) await send(0, path, 0, 6_000_000);
    await strata.sql.query("UPDATE upload SET used_at = now() - interval '2 days' WHERE id = $1", [
      idle.slice(9),
    ]);
    // Its dataset was made, and the process ended before it deleted the bytes.
    await strata.sql.query('DELETE FROM upload WHERE id = $1', [forgotten.slice(9)]);
    // The collector of blobs has no eye for uploads.
    await strata.blobs.deleteDrafts(new Date(Date.now() + 60_000));
    const place = await openUploadPlace(blobUrl, join(home, 'three'));
    const active = () => strata.service.uploadTurns.findActive(86_400_000);
    const kept = await place.deleteIdle(Date.now(), active);
    assert.ok(kept.includes(busy.slice(9)) && !kept.includes(idle.slice(9)));
    assert.deepEqual([await left(idle), await left(forgotten)], [[], []]);
    assert.equal(await send(1, busy, 6_000_000), FILE.length);
  });

  test('an upload of another tenant, or of none, is not found', async () => {
    const unknown = `/uploads/${'0'.repeat(32)}`;
    assert.equal((await ask(0, unknown, 'HEAD', TUS)).status, 404);
    const headers = { ...PIECE, 'upload-offset': '0' };
    assert.equal((await ask(1, unknown, 'PATCH', headers, Buffer.from('x'))).status, 404);
  });
});
