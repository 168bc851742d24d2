import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { redisBinary } from '../../src/provision/redis/binary.js';

const NANOSECONDS = 1e9;
const OPTIONS = ['--protected-mode', 'no', '--save', '', '--appendonly', 'no', '--loglevel', 'warning'];

export interface Valkey {
  /** Processor time of all its threads. */
  cpuSeconds(): Promise<number>;
  stop(): Promise<void>;
}

/** A Redis on a host that keeps nothing on disk. Its clients try again until it listens. */
export async function startValkey(onHost: readonly string[], address: string, port: number): Promise<Valkey> {
  const [program = '', ...args] = [...onHost, await redisBinary()];
  const place = ['--bind', address, '--port', String(port)];
  const server = spawn(program, [...args, ...place, ...OPTIONS], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(server, 'exit');
  return {
    cpuSeconds: () => cpuSecondsOf(server.pid!),
    async stop() {
      server.kill();
      await exited;
    },
  };
}

/** The kernel counts in nanoseconds, where `ps` has hundredths of a second. */
async function cpuSecondsOf(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const lines = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')),
  );
  return lines.reduce((all, line) => all + Number(line.split(' ')[0]) / NANOSECONDS, 0);
}
