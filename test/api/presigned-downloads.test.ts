import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fetchOverHttp } from '../../cli/src/http-fetch.js';
import { artifactsApi } from '../../client/src/artifacts.js';
import { connect } from '../../client/src/http.js';
import { openKeyOffice } from '../../src/jobs/client/keys/key-office.js';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { smallJob } from '../jobs/support/specs.js';
import { pythonPackages } from '../support/python-packages.js';
import { type S3Proxy, startS3Proxy } from '../support/s3-proxy.js';
import { Strata } from '../support/strata.js';
import { type S3Server, startVersitygw, versitygw } from '../support/versitygw.js';
import { buildLiveApp } from './security/live-api.js';

const built = await versitygw();
const skip = 'missing' in built ? built.missing : false;

const BYTES = randomBytes((1 << 20) + 7);
const SMALL = Buffer.from('{}');
const SECONDS = 60;
const REQUIREMENTS = fileURLToPath(new URL('../python/requirements.txt', import.meta.url));
const PYTHON = `
import hashlib, sys
from strata_train import Strata
with Strata(sys.argv[1], sys.argv[2]) as strata:
    path = strata.artifacts.download(sys.argv[3], sys.argv[4])
    assert strata.artifacts.read(sys.argv[3]) == path.read_bytes()
    print(hashlib.sha256(path.read_bytes()).hexdigest(), end="")
`;

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('downloads at presigned addresses', { skip }, () => {
  let home: string;
  let server: S3Server;
  let proxy: S3Proxy;
  let strata: Strata;
  let app: Awaited<ReturnType<typeof buildLiveApp>>;
  let url: string;
  let key: string;
  /** Headers of what the store was asked for at presigned addresses. */
  let seen: IncomingHttpHeaders[];

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'strata-presigned-'));
    server = await startVersitygw('program' in built ? built.program : '', home);
    await server.createBucket('blobs');
    proxy = await startS3Proxy(server.endpoint);
    seen = [];
    proxy.treat = (_, path, headers) => {
      if (path.includes('X-Amz-Signature')) seen.push(headers);
      return 'pass';
    };
    strata = await Strata.start({ blobUrl: server.urlOf('blobs', 'strata', proxy.url), presignedS: SECONDS });
    const office = await openKeyOffice(strata.servers.databaseUrl);
    key = await office.create({ tenant: 'default', name: 'test', scopes: ['jobs:read'] });
    await office.close();
    const { job } = await strata.client.jobs.createJob(smallJob(), {});
    const files = [
      ['artifact_large', 'weights/gewichte-ü.safetensors', 'weights', BYTES],
      ['artifact_small', 'full/model.json', 'model', SMALL],
      ['artifact_report', 'report.json', 'report', BYTES],
      ['artifact_gone', 'gone.safetensors', 'weights', randomBytes(1 << 20)],
    ] as const;
    for (const [id, name, kind, bytes] of files) {
      if (id !== 'artifact_gone') await strata.blobs.put(bytes);
      await strata.sql.query(
        `INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256)
         VALUES ($1, $2, $3, $4, 'application/octet-stream', $5, $6)`,
        [id, job.id, name, kind, bytes.length, sha256(bytes)],
      );
    }
    app = await buildLiveApp(strata);
    url = await app.listen({ host: '127.0.0.1', port: 0 });
  });
  after(async () => {
    await app.close();
    await strata.stop();
    await proxy.stop();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  const ask = (id: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(`${url}/artifacts/${id}/content`, {
      ...{ method, redirect: 'manual' },
      headers: { authorization: `Bearer ${key}`, ...headers },
    });

  async function addressOf(id: string): Promise<string> {
    const answer = await ask(id);
    assert.equal(answer.status, 302);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    return answer.headers.get('location') ?? assert.fail('no address');
  }

  test('the address needs no key, names the file, takes a range, and expires', async () => {
    const address = new URL(await addressOf('artifact_large'));
    assert.equal(address.origin, proxy.url);
    assert.equal(address.searchParams.get('X-Amz-Expires'), String(SECONDS));
    const whole = await fetch(address);
    assert.equal(whole.status, 200);
    assert.equal(
      whole.headers.get('content-disposition'),
      `attachment; filename="gewichte-_.safetensors"; filename*=UTF-8''gewichte-%C3%BC.safetensors`,
    );
    assert.equal(whole.headers.get('content-type'), 'application/octet-stream');
    assert.equal(sha256(new Uint8Array(await whole.arrayBuffer())), sha256(BYTES));
    const part = await fetch(address, { headers: { range: 'bytes=1048576-' } });
    assert.equal(part.status, 206);
    assert.ok(BYTES.subarray(1 << 20).equals(new Uint8Array(await part.arrayBuffer())));
    const signed = address.searchParams.get('X-Amz-Date') ?? '';
    const date = new Date(signed.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'));
    assert.ok(Math.abs(date.getTime() - Date.now()) < 60_000, signed);
  });

  test('the address is for these bytes, this name and this time alone', async () => {
    for (const [name, value] of [
      ['X-Amz-Expires', '3600'],
      ['response-content-disposition', 'inline'],
    ] as const) {
      const address = new URL(await addressOf('artifact_large'));
      address.searchParams.set(name, value);
      assert.equal((await fetch(address)).status, 403, name);
    }
    const address = await addressOf('artifact_large');
    assert.equal((await fetch(address.replace(sha256(BYTES), sha256(SMALL)))).status, 403);
    assert.equal((await fetch(address, { method: 'PUT', body: 'other' })).status, 403);
  });

  test('the API sends small files, reports, heads and what depends on an ETag itself', async () => {
    for (const id of ['artifact_small', 'artifact_report']) assert.equal((await ask(id)).status, 200, id);
    assert.equal((await ask('artifact_large', {}, 'HEAD')).status, 200);
    const etag = `"${sha256(BYTES)}"`;
    assert.equal((await ask('artifact_large', { 'if-none-match': etag })).status, 304);
    assert.equal((await ask('artifact_large', { 'if-range': etag, range: 'bytes=0-0' })).status, 206);
  });

  test('there is no address for a caller without a key, nor of bytes that are gone', async () => {
    assert.equal((await ask('artifact_large', { authorization: 'Bearer none' })).status, 401);
    const gone = await ask('artifact_gone');
    assert.equal(((await gone.json()) as { code: string }).code, 'blob_missing');
  });

  test('the clients follow, and send the key to no other server', async () => {
    seen.length = 0;
    for (const send of [fetch, fetchOverHttp]) {
      const artifacts = artifactsApi(connect({ url, apiKey: key, fetch: send }));
      assert.equal(sha256(await artifacts.download('artifact_large')), sha256(BYTES));
    }
    const packages = await pythonPackages('strata-train', REQUIREMENTS);
    const env = { ...process.env, PYTHONPATH: `${join(ROOT, 'python/src')}:${packages}` };
    const got = await exec('python3', ['-c', PYTHON, url, key, 'artifact_large', join(home, 'got')], { env });
    assert.equal(got, sha256(BYTES));
    assert.equal(seen.length, 4);
    for (const headers of seen) assert.equal(headers.authorization, undefined, JSON.stringify(headers));
  });

  test('a store that does not answer gives an error that says so', async () => {
    const before = proxy.treat;
    proxy.treat = () => 'dead';
    try {
      const answer = await ask('artifact_large');
      assert.equal(((await answer.json()) as { code: string }).code, 'storage_unreachable');
    } finally {
      proxy.treat = before;
    }
  });
});
