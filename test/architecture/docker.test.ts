import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { SETTINGS } from '../../src/contract/setting-descriptions.js';
import { API_FLAGS } from '../../src/service/children.js';
import { OTHER_SOURCES } from '../../src/service/compile.js';
import { ROOT } from '../../src/service/root.js';

// These build no image: they see that what the images name exists. test/deploy builds and runs them.

interface ComposeService {
  readonly image: string;
  readonly build?: { context: string; dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
}

interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const DOCKER = join(ROOT, 'docker');
const compose = parse(await readFile(join(DOCKER, 'compose.yaml'), 'utf8'), { merge: true }) as Compose;
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.build);

/** Settings of the service, and variables that other programs in the images read. */
const KNOWN_VARIABLES: readonly string[] = [
  ...SETTINGS.map(({ name }) => name),
  ...[
    'NODE_ENV',
    'ORT_DISABLE_TELEMETRY',
    'XDG_CACHE_HOME',
    'POSTGRES_USER',
    'POSTGRES_PASSWORD',
    'POSTGRES_DB',
  ],
];

const DOCKERFILES = (await readdir(DOCKER)).filter((name) => name.endsWith('.Dockerfile'));

/** A Dockerfile's instructions, continued lines joined. */
async function instructions(name: string): Promise<{ word: string; rest: string }[]> {
  const text = await readFile(join(DOCKER, name), 'utf8');
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter(Boolean);
  return lines.map((line) => {
    const [word = '', ...rest] = line.trim().split(/\s+/);
    return { word, rest: rest.join(' ') };
  });
}

function assertScriptExists(command: readonly string[], where: string): void {
  const script = command.find((part) => /^dist\/.*\.js$/.test(part));
  const source = script?.replace(/^dist/, 'src').replace(/\.js$/, '.ts');
  assert.ok(source && existsSync(join(ROOT, source)), `${where} runs ${script}, compiled from nothing`);
}

test('files and commands of the images exist, and .dockerignore does not exclude them', async () => {
  const kept = (await readFile(join(ROOT, '.dockerignore'), 'utf8'))
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  for (const name of DOCKERFILES) {
    const all = await instructions(name);
    const copies = all.filter(({ word, rest }) => word === 'COPY' && !rest.startsWith('--from'));
    for (const source of copies.flatMap(({ rest }) => rest.split(' ').slice(0, -1))) {
      assert.ok(existsSync(join(ROOT, source)), `${name} copies ${source}, which does not exist`);
      assert.ok(kept.includes(source.split('/')[0] ?? ''), `.dockerignore keeps out ${source} of ${name}`);
    }
    const command = all.findLast(({ word }) => word === 'CMD')?.rest ?? '[]';
    assertScriptExists(JSON.parse(command) as string[], name);
  }
});

test('a stage that compiles the service has all of its sources by then', async () => {
  for (const name of DOCKERFILES) {
    const all = await instructions(name);
    const compiles = all.findIndex(
      ({ word, rest }) => word === 'RUN' && rest.includes('commands/compile.ts'),
    );
    assert.ok(compiles > 0, name);
    const stage = all.slice(0, compiles).findLastIndex(({ word }) => word === 'FROM');
    const copies = all.slice(stage, compiles).filter(({ word }) => word === 'COPY');
    const copied = copies.flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    for (const folder of ['src', 'README.md', ...OTHER_SOURCES])
      assert.ok(
        copied.some((source) => folder === source || folder.startsWith(`${source}/`)),
        `${name}: ${folder}`,
      );
  }
});

test('the images do not run as root, start from the same supported Node, and end without TensorFlow in the API', async () => {
  for (const name of DOCKERFILES) {
    const all = await instructions(name);
    const bases = all.filter(({ word }) => word === 'FROM').map(({ rest }) => rest.split(' ')[0]);
    assert.deepEqual([...new Set(bases)], ['node:22-bookworm-slim'], name);
    const lists = all.some(({ word, rest }) => word === 'COPY' && rest.includes('sbom.cdx.json'));
    assert.ok(lists, `${name} holds its bill of materials`);
    assert.match(all.findLast(({ word }) => word === 'USER')?.rest ?? 'root', /^[1-9]\d*$/, name);
  }
  const api = await instructions('api.Dockerfile');
  const command = JSON.parse(api.findLast(({ word }) => word === 'CMD')?.rest ?? '[]') as string[];
  assert.deepEqual(command.slice(1, -1), API_FLAGS, 'the API runs with the flags that npm start gives it');
  assert.ok(api.some(({ word, rest }) => word === 'RUN' && rest.includes('rm -rf node_modules/@tensorflow')));
});

test('some code reads every variable that the images or compose.yaml set', async () => {
  const files = await Promise.all(DOCKERFILES.map(instructions));
  const lines = files.flat().filter(({ word }) => word === 'ENV');
  const inImages = lines.flatMap(({ rest }) => rest.split(' ').map((pair) => pair.split('=')[0] ?? ''));
  const inCompose = services.flatMap(([, { environment }]) => Object.keys(environment ?? {}));
  for (const name of [...inImages, ...inCompose])
    assert.ok(KNOWN_VARIABLES.includes(name), `who reads ${name}?`);
});

test('compose.yaml builds from files that are there and runs scripts that are there', () => {
  assert.deepEqual(ours.map(([name]) => name).sort(), ['api', 'dispatcher', 'migrate', 'worker']);
  for (const [name, { build, command, healthcheck }] of ours) {
    const context = join(DOCKER, build?.context ?? '');
    assert.equal(join(context, '/'), ROOT, `${name} is built from the checkout`);
    assert.ok(existsSync(join(context, build?.dockerfile ?? '')), `${name}: ${build?.dockerfile}`);
    if (command) assertScriptExists(command, name);
    if (healthcheck?.test) assertScriptExists(healthcheck.test, `the health check of ${name}`);
  }
});

test('compose.yaml refers to its own services and volumes', () => {
  for (const [name, { depends_on, volumes }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on ?? {})) {
      const target = compose.services[other];
      assert.ok(target, `${name} waits for ${other}`);
      if (condition === 'service_healthy') assert.ok(target.healthcheck, `${other} has no healthcheck`);
    }
    for (const volume of volumes ?? []) assert.ok((volume.split(':')[0] ?? '') in compose.volumes, volume);
  }
  assert.ok(ours.every(([, { environment }]) => environment?.DATABASE_URL && environment.REDIS_URL));
});

test('every service that runs on has a health check, so that `up --wait` knows when all of them work', async () => {
  const images = new Map<string, boolean>(
    await Promise.all(
      DOCKERFILES.map(async (name) => {
        const has = (await instructions(name)).some(({ word }) => word === 'HEALTHCHECK');
        return [`docker/${name}`, has] as const;
      }),
    ),
  );
  for (const [name, { build, healthcheck }] of services) {
    if (name === 'migrate') continue;
    const fromImage = images.get(build?.dockerfile ?? '') ?? false;
    assert.ok(healthcheck ? healthcheck.test : fromImage, name);
    assert.ok(!healthcheck?.disable, name);
  }
});
