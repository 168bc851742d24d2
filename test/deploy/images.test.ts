import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import type { components } from '../../src/contract/generated/openapi.js';
import { freePort } from '../../src/provision/processes.js';
import { ROOT } from '../../src/service/root.js';
import { eventually } from '../support/eventually.js';
import { type Servers, startOwnServers } from '../support/servers.js';
import { buildImage, type Container, containerEngine, openContainers } from './containers.js';

// Both images, built and run as the manifests of deploy/kubernetes say. A machine that can: podman or docker with the
// image node:22-bookworm-slim. The first build takes minutes; later ones have its layers.

type Job = components['schemas']['Job'];

interface Probe {
  readonly exec?: { readonly command: readonly string[] };
  readonly httpGet?: { readonly path: string };
}

interface Manifest {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds?: number;
        readonly enableServiceLinks?: boolean;
        readonly containers: readonly {
          readonly image: string;
          readonly command?: readonly string[];
          readonly env: readonly { readonly name: string; readonly value?: string }[];
          readonly startupProbe?: Probe;
          readonly livenessProbe?: Probe;
        }[];
      };
    };
  };
}

const engine = await containerEngine();
const skip = 'missing' in engine ? `the images cannot be built here: ${engine.missing}` : false;
const KEY = `strata_${randomBytes(12).toString('hex')}_${randomBytes(32).toString('hex')}`;
const SERVICE_LINKS = { STRATA_API_SERVICE_HOST: '10.0.0.10', STRATA_API_PORT: 'tcp://10.0.0.10:3000' };
const JOB = {
  dataset: 'mnist',
  model: { depth: 8, width: 4 },
  method: { type: 'augmented-lagrangian', stages: 2 },
  epochs: 1,
  max_train_samples: 640,
  batch_size: 64,
};

let servers: Servers;
before(async () => {
  if (skip === false) servers = await startOwnServers();
});
after(() => servers?.stop());

/** The pod of a manifest of the base: what it runs, and when it is taken for well. */
async function podOf(name: string) {
  const documents = parseAllDocuments(
    await readFile(join(ROOT, `deploy/kubernetes/base/${name}.yaml`), 'utf8'),
  );
  const manifests = documents.map((document) => document.toJS() as Manifest);
  const manifest = manifests.find(({ kind }) => ['Deployment', 'Job'].includes(kind));
  const pod = manifest?.spec.template.spec;
  const [container] = pod?.containers ?? [];
  assert.ok(pod && container, name);
  const values = container.env.flatMap(({ name: key, value }) => (value === undefined ? [] : [[key, value]]));
  // As a cluster does for each Service of the namespace, unless it is told not to.
  const links = pod.enableServiceLinks === false ? {} : SERVICE_LINKS;
  const env = { ...links, ...(Object.fromEntries(values) as Record<string, string>) };
  return { ...container, env, graceS: pod.terminationGracePeriodSeconds ?? 30 };
}

test('the images run as the manifests say, train in two stages, and leave when they are told to', {
  skip,
}, async (t) => {
  if ('missing' in engine) return;
  const { program } = engine;
  const tags = { 'strata-api': 'strata-api:test', 'strata-worker': 'strata-worker:test' };
  await buildImage(program, 'docker/api.Dockerfile', tags['strata-api']);
  await buildImage(program, 'docker/worker.Dockerfile', tags['strata-worker']);
  const run = await openContainers(t, program);
  const port = String(await freePort());
  const secret = {
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
    BLOB_URL: 'file:///data/blobs',
    STRATA_SECRET_KEY: randomBytes(32).toString('hex'),
  };
  const running: { name: string; container: Container; graceS: number }[] = [];

  const start = async (name: string): Promise<Container> => {
    const { image, command = [], env, graceS } = await podOf(name);
    const own = name === 'api' ? { PORT: port, STRATA_BOOTSTRAP_KEY: KEY } : {};
    const tag = tags[image as keyof typeof tags];
    const container = await run({ image: tag, command, env: { ...secret, ...env, ...own } });
    running.push({ name, container, graceS });
    return container;
  };
  const isWell = async (name: string, container: Container): Promise<void> => {
    const { startupProbe, livenessProbe } = await podOf(name);
    for (const probe of [startupProbe, livenessProbe]) {
      assert.ok(probe, name);
      const path = probe.httpGet?.path;
      const look = path
        ? () => fetch(`http://127.0.0.1:${port}${path}`).then(({ ok }) => ok)
        : () => container.exec(probe.exec?.command ?? []).then(() => true);
      await eventually(`${name} is well`, () => look().catch(() => false));
    }
  };

  const migrate = await start('migrate');
  assert.equal(await migrate.exit(), 0, await migrate.logs());
  running.pop();
  for (const name of ['api', 'dispatcher', 'workers']) await isWell(name, await start(name));

  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
    const sent = body ? { method: 'POST', body: JSON.stringify(body) } : {};
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers, ...sent });
    const text = await response.text();
    assert.ok(response.ok, `${path}: ${response.status} ${text}`);
    return (/json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text) as T;
  };
  const { id } = await ask<Job>('/jobs', JOB);
  const ended = await eventually('the job ends', async () => {
    const job = await ask<Job>(`/jobs/${id}`);
    return ['succeeded', 'failed', 'cancelled'].includes(job.state) && job;
  });
  assert.equal(ended.state, 'succeeded', JSON.stringify(ended.error));
  assert.match(await ask<string>('/metrics'), /^strata_wanted_slots 0$/m, 'the figure by which KEDA scales');

  for (const { name, container, graceS } of running.reverse())
    assert.equal(
      await container.stop(graceS),
      0,
      `${name} was killed, or failed:\n${await container.logs()}`,
    );
});
