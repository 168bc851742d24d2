// npm run doctor: shows each part of the installation. It installs, starts and changes nothing.
import { readdir } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { defaultSlots, parseSettings, type Settings } from '../../contract/settings.js';
import { checkRedis } from '../../jobs/queue/check-redis.js';
import { checkPostgres } from '../../jobs/store/connection/check-postgres.js';
import { cacheRoot } from '../../provision/cache.js';
import { CommandError, exec } from '../../provision/exec.js';
import { embeddedPostgresVersion, postgresPackage, postmasterPid } from '../../provision/postgres/files.js';
import { commandLine, readText } from '../../provision/processes.js';
import { findRedisBinary } from '../../provision/redis/binary.js';
import { isBindingInstalled } from '../../provision/tensorflow/binding.js';
import { nvidiaGpus, tensorflowVariant } from '../../provision/tensorflow/gpu.js';
import { probeTensorFlow } from '../../provision/tensorflow/tensorflow.js';
import { folderBytes } from '../../provision/wheels/pip.js';
import { ROOT } from '../root.js';
import { runCommand } from './command.js';
import { cpuFeatures } from './cpu.js';

type Fact = [what: string, found: () => Promise<string>];

await runCommand(async () => {
  const settings = parseSettings(process.env);
  let failures = 0;
  for (const [what, found] of facts(settings)) {
    const text = await found().catch((error: Error) => {
      failures += 1;
      return `✗ ${shown(error)}`;
    });
    console.log(`${what.padEnd(16)} ${text.replaceAll('\n', `\n${' '.repeat(17)}`)}`);
  }
  if (failures > 0)
    throw new Error(`${failures} of these parts do not work. 'npm run setup' installs missing parts.`);
});

/** A program's own output helps who looks for its defect, not who asks what is missing here. */
function shown(error: Error): string {
  if (!(error instanceof CommandError) || process.env.LOG_LEVEL === 'debug') return error.message;
  return `${error.message.split(':\n', 1)[0]}; LOG_LEVEL=debug shows what it printed`;
}

function facts(settings: Settings): Fact[] {
  return [
    ['Node', async () => `${process.version} at ${process.execPath}`],
    ['Machine', machine],
    ['CPU features', cpuFeatures],
    ['Devices', () => devices(settings)],
    ['TensorFlow', tensorflow],
    ['Postgres', () => postgres(settings)],
    ['Redis', () => redis(settings)],
    ['Checkout', async () => ROOT],
    ['Data', async () => `${settings.home} (${await megabytes(settings.home)})`],
    ['Cache', cache],
  ];
}

async function machine(): Promise<string> {
  const memory = `${(totalmem() / 2 ** 30).toFixed(1)} GiB`;
  return `${cpus()[0]?.model ?? process.arch}, ${availableParallelism()} cores, ${memory}, Linux ${release()}`;
}

async function devices(settings: Settings): Promise<string> {
  const gpus = await nvidiaGpus();
  const slots =
    settings.slots ?? defaultSlots({ cores: availableParallelism(), gpus: gpus.length }, settings.threads);
  const kind = gpus.length > 0 ? gpus.join(', ') : `CPU, ${settings.threads} thread(s) a slot`;
  return `${slots} slot(s): ${kind}`;
}

async function tensorflow(): Promise<string> {
  const variant = await tensorflowVariant();
  if (!(await isBindingInstalled())) throw new Error('not set up in this checkout');
  const probe = await probeTensorFlow();
  const onednn = /oneDNN custom operations are on/.test(probe.log) ? 'oneDNN on' : 'oneDNN off';
  const instructions = /following instructions: ([^,]*),/.exec(probe.log)?.[1];
  return `${probe.version} (${variant} build), multiplies on the ${probe.gpu ? 'GPU' : 'CPU'}, ${onednn}${
    instructions ? `, dispatches to ${instructions}` : ''
  }`;
}

async function postgres(settings: Settings): Promise<string> {
  if (settings.databaseUrl)
    return `Postgres ${await checkPostgres(settings.databaseUrl)}, given by DATABASE_URL`;
  const bin = join(postgresPackage(), 'native/bin');
  const pid = await postmasterPid(join(settings.home, 'postgres/data'));
  const port = await readText(join(settings.home, 'postgres/port'));
  return `Postgres ${embeddedPostgresVersion()} at ${bin}, ${await running(pid, port)}`;
}

async function redis(settings: Settings): Promise<string> {
  if (settings.redisUrl) {
    const { name, version } = await checkRedis(settings.redisUrl);
    return `${name} ${version}, given by REDIS_URL`;
  }
  const binary = await findRedisBinary();
  if (!binary) throw new Error('not set up');
  const version = /v=(\S+)/.exec(await exec(binary, ['--version']))?.[1];
  const pid = Number(await readText(join(settings.home, 'redis/pid')));
  const port = await readText(join(settings.home, 'redis/port'));
  return `${version} at ${binary}, ${await running(pid, port)}`;
}

async function running(pid: number | undefined, port: string | undefined): Promise<string> {
  const alive = pid && port && (await commandLine(pid))?.includes(port);
  return alive ? `running on port ${port} (process ${pid})` : 'not running';
}

async function cache(): Promise<string> {
  const root = cacheRoot();
  const names = await readdir(root).catch(() => []);
  const entries = await Promise.all(
    names.map(async (name) => `${name} (${await megabytes(join(root, name))})`),
  );
  return [root, ...entries].join('\n');
}

async function megabytes(folder: string): Promise<string> {
  return `${((await folderBytes(folder)) / 1e6).toFixed(1)} MB`;
}
