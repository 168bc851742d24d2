import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../../src/provision/processes.js';
import { eventually } from './eventually.js';
import { goTool, type Tool } from './go-tool.js';

const REGION = 'us-east-1';

/** A real S3-compatible server, on folders of a test. */
export interface S3Server {
  readonly endpoint: string;
  readonly client: S3Client;
  readonly pid: number;
  /** Folder with the objects: `<bucket>/<key>`. */
  readonly folder: string;
  createBucket(name: string, versioning?: boolean): Promise<void>;
  urlOf(bucket: string, prefix?: string, endpoint?: string): string;
  stop(): Promise<void>;
}

export function versitygw(): Promise<Tool> {
  return goTool('github.com/versity/versitygw/cmd/versitygw@v1.8.0');
}

/** Starts the server in `home`. Its credentials become those of this process, which its children inherit. */
export async function startVersitygw(program: string, home: string): Promise<S3Server> {
  const folder = join(home, 's3');
  const versions = join(home, 's3-versions');
  await Promise.all([folder, versions].map((path) => mkdir(path, { recursive: true })));
  const port = await freePort();
  const [access, secret] = ['strata', randomBytes(16).toString('hex')];
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret });
  const options = [
    '--port',
    `127.0.0.1:${port}`,
    '--access',
    access,
    '--secret',
    secret,
    '--quiet',
    '--keep-alive',
  ];
  const child = spawn(program, [...options, 'posix', '--versioning-dir', versions, folder], {
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, region: REGION, forcePathStyle: true });
  await eventually('versitygw answers', () =>
    fetch(endpoint).then(
      () => true,
      () => false,
    ),
  );
  return {
    endpoint,
    client,
    pid: child.pid ?? 0,
    folder,
    async createBucket(name, versioning = true) {
      await client.send(new CreateBucketCommand({ Bucket: name }));
      if (!versioning) return;
      const VersioningConfiguration = { Status: 'Enabled' as const };
      await client.send(new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration }));
    },
    urlOf: (bucket, prefix = 'strata', at = endpoint) =>
      `s3://${bucket}/${prefix}?${new URLSearchParams({ endpoint: at, region: REGION })}`,
    async stop() {
      client.destroy();
      child.kill();
      await exited;
    },
  };
}
