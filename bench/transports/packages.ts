import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cacheEntry, cacheRoot } from '../../src/provision/cache.js';
import { exec } from '../../src/provision/exec.js';
import { streamProgress } from '../../src/provision/progress.js';

/** Peers, which the service does not need. */
const PEERS = { zeromq: '6.8.0', '@grpc/grpc-js': '1.14.7' } as const;
export type Peer = keyof typeof PEERS;
export const versionOf = (peer: Peer): string => PEERS[peer];

/** Installs the peers into the cache at first use. @returns their folder */
export async function installPackages(): Promise<string> {
  const pins = Object.entries(PEERS).map(([name, version]) => `${name}@${version}`);
  const key = `bench-transports-${Object.values(PEERS).join('-')}-node${process.versions.modules}-${process.arch}`;
  const { dir } = await cacheEntry(cacheRoot(), key, async (staging) => {
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock'];
    await streamProgress().step('installing ZeroMQ and gRPC as peers', async () => {
      await exec('npm', ['install', '--prefix', staging, ...quiet, ...pins]);
    });
  });
  return dir;
}

export function loadPackage(folder: string, name: Peer): unknown {
  return createRequire(join(folder, 'node_modules', 'bench.cjs'))(name);
}
