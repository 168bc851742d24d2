import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach } from 'node:test';
import type { BlobCache } from '../../src/contract/blob-cache.js';
import type { S3Place } from '../../src/contract/blob-url.js';
import type { BlobStore } from '../../src/storage/blob-store.js';
import { LocalCache } from '../../src/storage/local-cache.js';
import { connect } from '../../src/storage/s3/connection.js';
import { S3Store } from '../../src/storage/s3/s3-store.js';
import { type S3Proxy, startS3Proxy } from './s3-proxy.js';
import { type S3Server, startVersitygw, versitygw } from './versitygw.js';

export const BUCKET = 'blobs';
const built = await versitygw();
/** For every test of the file: skipped where the server cannot be built. */
export const options = { skip: 'missing' in built ? built.missing : false };

/** A real server with a bucket, and a proxy that can fail in front of it. */
export interface FaultyS3 {
  readonly server: S3Server;
  readonly proxy: S3Proxy;
  /** A prefix of the bucket for this test alone, with a slash. */
  readonly prefix: string;
  /** The cache of another host. */
  newCache(maxBytes?: number): BlobCache;
  /**
   * The store by way of the proxy.
   * @param silenceMs the time for which it may say nothing
   */
  openStore(options?: {
    bucket?: string;
    endpoint?: string;
    cache?: BlobCache;
    silenceMs?: number;
  }): BlobStore;
}

/** Starts both before the tests of the calling file. Before each test, requests pass and are counted anew. */
export function useFaultyS3(onTest: (s3: FaultyS3) => void): void {
  let home: string;
  let server: S3Server;
  let proxy: S3Proxy;
  before(async () => {
    if (!('program' in built)) return;
    home = await mkdtemp(join(tmpdir(), 'strata-s3-'));
    server = await startVersitygw(built.program, home);
    await server.createBucket(BUCKET);
    proxy = await startS3Proxy(server.endpoint);
  });
  after(async () => {
    if (!('program' in built)) return;
    await proxy.stop();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });
  beforeEach(() => {
    if (!('program' in built)) return;
    proxy.treat = () => 'pass';
    proxy.counts.clear();
    const prefix = `${randomUUID()}/`;
    const newCache = (maxBytes = 1e9) => ({ folder: join(home, 'caches', randomUUID()), maxBytes });
    onTest({
      ...{ server, proxy, prefix, newCache },
      openStore({ bucket = BUCKET, endpoint = proxy.url, cache = newCache(), silenceMs } = {}) {
        const place: S3Place = { kind: 's3', bucket, prefix, endpoint, region: 'us-east-1', pathStyle: true };
        return new S3Store(connect(place, silenceMs), new LocalCache(cache));
      },
    });
  });
}
