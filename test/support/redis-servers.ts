import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../../src/provision/processes.js';
import { redisBinary } from '../../src/provision/redis/binary.js';
import { temporaryFolder } from '../provision/temporary.js';
import { eventually } from './eventually.js';

export interface RedisProcess {
  readonly port: number;
  readonly process: ChildProcess;
}

/** Starts a Redis with these lines of configuration, on loopback, without a disk; it is killed when the test ends. */
export async function startRedisProcess(
  t: TestContext,
  lines: readonly string[],
  flags: readonly string[] = [],
): Promise<RedisProcess> {
  const folder = await temporaryFolder(t);
  const port = await freePort();
  const config = join(folder, 'redis.conf');
  await writeFile(config, [`port ${port}`, 'bind 127.0.0.1', `dir ${folder}`, ...lines, ''].join('\n'));
  const child = spawn(await redisBinary(), [config, ...flags], { stdio: 'ignore' });
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  await eventually('the server listens', () => listens(port));
  return { port, process: child };
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
}
