import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { components } from '../../../src/contract/generated/openapi.js';
import { exec } from '../../../src/provision/exec.js';
import { ROOT } from '../../../src/service/root.js';
import { imageFolder, makeImage } from '../../datasets/support/images.js';
import { makeZip } from '../../datasets/support/zip.js';
import { temporaryFolder } from '../../provision/temporary.js';
import { eventually } from '../../support/eventually.js';
import { createJob, followEvents, getJson } from '../../support/live-service.js';
import { unexplained } from './allowed.js';
import { type Watch, watchIn } from './watched.js';

type Schemas = components['schemas'];

const START_MS = 120_000;
const WORK_MS = 120_000;

/** Every process of a service that the test must have seen at work. */
const PROCESSES = [
  ...['commands/start', 'api/server', 'dispatcher/main', 'worker/main', 'trainer/main', 'datasets/main'],
  ...['predictor/main', 'postgres', '-server'],
];

const JOB = {
  dataset: 'flowers',
  model: { depth: 8, width: 1 },
  method: { type: 'augmented-lagrangian', stages: 2 },
  epochs: 1,
  batch_size: 16,
  exports: ['tfjs-layers', 'onnx'],
  seed: 1,
} as const;

/**
 * The environment of a user's shell. ONNX Runtime keeps its telemetry off where a variable of a build server is set (`CI`,
 * `GITHUB_ACTIONS` and others), so the test must not hand those on.
 */
function userEnvironment(): Record<string, string | undefined> {
  const { PATH, HOME, TZ, XDG_CACHE_HOME } = process.env;
  return { PATH, HOME, TZ, XDG_CACHE_HOME };
}

/** The service as users start it, in a process of its own. */
function start(home: string, watch: Watch) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/service/commands/start.ts'], {
    cwd: ROOT,
    env: {
      ...userEnvironment(),
      ...watch.env,
      PORT: '0',
      STRATA_HOME: home,
      STRATA_SLOTS: '1',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill();
    await exited;
  };
  const address = () => /API +(http\S+)/.exec(said)?.[1] ?? null;
  return { url: () => eventually('the service says where it serves', address, START_MS), stop };
}

/** A dataset is imported, a job trained from prepare to finalize, and an image classified. */
async function useEverything(service: { readonly apiUrl: string }): Promise<void> {
  const form = new FormData();
  form.append('name', JOB.dataset);
  const zip = makeZip(await imageFolder(['train', 'test'], ['rose', 'tulip'], 8));
  form.append('file', new Blob([new Uint8Array(zip)]), 'flowers.zip');
  const uploaded = await fetch(`${service.apiUrl}/datasets`, { method: 'POST', body: form });
  assert.equal(uploaded.status, 201);
  const imported = async () => {
    const { state } = await getJson<Schemas['Dataset']>(service, `/datasets/${JOB.dataset}`);
    assert.notEqual(state, 'failed');
    return state === 'ready';
  };
  await eventually('the dataset is imported', imported, WORK_MS);

  const { id } = await createJob(service, JOB);
  const types: string[] = [];
  for await (const { type } of followEvents(service, id)) types.push(type);
  assert.equal(types.at(-1), 'job.succeeded');

  const { data: models } = await getJson<Schemas['ModelList']>(service, '/models');
  const answer = await fetch(`${service.apiUrl}/models/${models[0]?.id}/predict`, {
    method: 'POST',
    headers: { 'content-type': 'image/png' },
    body: new Uint8Array(await makeImage(1)),
  });
  assert.equal(answer.status, 200);
}

test('an import, a job and a prediction connect to nothing, look up no name and open no file that is not listed', async (t) => {
  let service: ReturnType<typeof start> | undefined;
  const home = await temporaryFolder(t, async () => service?.stop());
  const watch = await watchIn(await temporaryFolder(t));
  service = start(home, watch);
  const apiUrl = await service.url();
  // Postgres under another account has its files behind a link.
  const folders = [home, await realpath(join(home, 'postgres'))];
  await useEverything({ apiUrl });
  await service.stop();
  const deeds = await watch.deeds();
  for (const name of PROCESSES)
    assert.ok(
      deeds.some(({ process }) => process.includes(name)),
      `${name} is watched`,
    );
  assert.deepEqual(unexplained(deeds, folders), []);
});

/** Asks a name server, connects to two networks, and writes a file, in every way that Node has. */
const INDISCREET = `
  const ignored = () => undefined;
  require('node:dns').lookup('collector.example', ignored);
  require('node:dns').resolve4('resolved.example', ignored);
  require('node:net').connect(443, '192.0.2.1').on('error', ignored);
  require('node:net').connect(443, '2001:db8::1').on('error', ignored);
  const datagrams = require('node:dgram').createSocket('udp4').unref();
  datagrams.send('x', 53, '192.0.2.2', ignored);
  require('node:fs').writeFile('/dev/full', '', ignored);
  require('node:fs/promises').readdir('/boot').catch(ignored);`;

test('the watch reports look-ups, connections, datagrams, files and folders, and lets nothing out', async (t) => {
  const watch = await watchIn(await temporaryFolder(t));
  await exec(process.execPath, ['-e', INDISCREET], { env: { ...process.env, ...watch.env } });
  const found = unexplained(await watch.deeds(), []).join('\n');
  for (const deed of ['lookup collector.example', 'connect 192.0.2.1 443', 'connect 2001:db8::1 443'])
    assert.ok(found.includes(deed), `${deed} in ${found}`);
  for (const deed of [/(send|connect) \S+ 53 /, /send 192\.0\.2\.2 53/, /write \/dev\/full/, /read \/boot/])
    assert.match(found, deed);
});

/** Loads ONNX Runtime as its vendor delivers it: without the variable that the service sets. */
const WITH_TELEMETRY = `
  import Module from 'node:module';
  const load = Module._load;
  Module._load = (name, ...rest) => {
    if (name === 'onnxruntime-node') delete process.env.ORT_DISABLE_TELEMETRY;
    return load(name, ...rest);
  };
  const { createSession } = await import('./src/onnx/runtime.ts');
  const { brightness } = await import('./test/predictor/linear-model.ts');
  await createSession(brightness({ height: 4, width: 4, channels: 1 }));`;

test('the watch reports the telemetry of ONNX Runtime where it is not switched off', async (t) => {
  const folder = await temporaryFolder(t);
  const watch = await watchIn(folder);
  const env = { ...userEnvironment(), ...watch.env, HOME: folder, XDG_CACHE_HOME: folder };
  const args = ['--import', 'tsx', '--input-type=module', '-e', WITH_TELEMETRY];
  await exec(process.execPath, args, { cwd: ROOT, env });
  assert.match(unexplained(await watch.deeds(), [folder]).join('\n'), /^read \/etc\/machine-id by /m);
});
