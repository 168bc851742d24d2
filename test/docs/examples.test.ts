import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { SCOPES } from '../../src/contract/access.js';
import type { components } from '../../src/contract/generated/openapi.js';
import { exec } from '../../src/provision/exec.js';
import { freePort } from '../../src/provision/processes.js';
import { ROOT } from '../../src/service/root.js';
import { imageFolder } from '../datasets/support/images.js';
import { makeZip } from '../datasets/support/zip.js';
import { temporaryFolder } from '../provision/temporary.js';
import { eventually } from '../support/eventually.js';
import { pythonPackages } from '../support/python-packages.js';
import { Strata } from '../support/strata.js';
import { ADDRESS, blocksOf, curlWithKey } from './blocks.js';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const TSX = import.meta.resolve('tsx');

describe('requests of the pages are accepted as pasted', () => {
  let strata: Strata;
  let url: string;
  before(async () => {
    strata = await Strata.start();
    url = (await strata.startApi()).url ?? '';
  });
  after(() => strata.stop());

  // In this order: the server needs a key once there is one.
  for (const keys of [false, true]) {
    test(`a server ${keys ? 'with' : 'without'} keys accepts them`, async (t) => {
      const { STRATA_API_KEY: _, ...env } = process.env;
      if (keys) env.STRATA_API_KEY = await createKey();
      await uploads(t, env);
      for (const page of ['docs/trackers.md', 'docs/early-stopping.md']) await dryRun(page, env);
      await sweep(env);
    });
  }

  /** The sweep of docs/sweeps.md. */
  async function sweep({ STRATA_API_KEY: key }: NodeJS.ProcessEnv): Promise<void> {
    const parts = (await blocksOf('docs/sweeps.md')).filter(({ language }) => language === 'json');
    // The part about stopping, with epochs before whose end it stops.
    const spec = Object.assign({}, ...parts.map(({ code }) => JSON.parse(code)));
    const body = JSON.stringify({ ...spec, job: { ...spec.job, epochs: 8 } });
    const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
    const request = { method: 'POST', headers, body };
    const response = await fetch(`${url}/sweeps?dry_run=true`, request);
    const dry = (await response.json()) as components['schemas']['Sweep'];
    assert.deepEqual(
      [response.status, dry.counts?.waiting, dry.cost?.jobs],
      [200, 9, 9],
      JSON.stringify(dry),
    );
  }

  async function createKey(): Promise<string> {
    const { key } = await strata.client.apiKeys.createApiKey({ name: 'reader', scopes: [...SCOPES] });
    await eventually(
      'a request without a key is refused',
      async () => (await fetch(`${url}/jobs`)).status === 401,
    );
    return key;
  }

  /** The shell lines of docs/datasets.md: the reader's file sent at once, in pieces, and fetched from a URL. */
  async function uploads(t: TestContext, env: NodeJS.ProcessEnv): Promise<void> {
    const folder = await temporaryFolder(t);
    const files = await imageFolder(['train', 'test'], ['rose', 'tulip'], 2);
    await writeFile(join(folder, 'flowers.zip'), makeZip(files));
    const blocks = (await blocksOf('docs/datasets.md')).filter(({ language }) => language === 'sh');
    assert.equal(blocks.length, 3);
    const first = env.STRATA_API_KEY ? `${await curlWithKey()}\n` : '';
    for (const { code } of blocks) {
      const script = first + code.replaceAll(ADDRESS, url);
      const answer = await exec('bash', ['-e', '-u', '-o', 'pipefail', '-c', script], { cwd: folder, env });
      const { id, object, state } = JSON.parse(answer) as Record<string, string>;
      assert.deepEqual([object, state], ['dataset', 'validating'], answer);
      // Names are free for the next reader.
      await strata.client.datasets.deleteDataset(id ?? '');
    }
  }

  /** The first block of a page, as a dry run: the server that docs/trackers.md names does not exist. */
  async function dryRun(page: string, { STRATA_API_KEY: key }: NodeJS.ProcessEnv): Promise<void> {
    const [block] = await blocksOf(page);
    const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
    const answer = await fetch(`${url}/jobs?dry_run=true`, { method: 'POST', headers, body: block!.code });
    assert.equal(answer.status, 200, await answer.text());
  }
});

describe('the receivers of docs/integration.md take signed messages only', () => {
  const secret = `whsec_${Buffer.from('a secret of the test').toString('base64')}`;

  test('the receiver in TypeScript', async (t) => {
    const folder = await temporaryFolder(t);
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await receive(t, folder, 'receiver.ts', 'import { createServer }', process.execPath, ['--import', TSX]);
  });

  test('the receiver in Python', async (t) => {
    const PYTHONPATH = await pythonPackages('webhooks', REQUIREMENTS);
    const folder = await temporaryFolder(t);
    await receive(t, folder, 'receiver.py', 'import os', 'python3', ['-u'], { PYTHONPATH });
  });

  /** Runs an example on a free port, which is the only change to it, and sends it a message with each signature. */
  async function receive(
    t: TestContext,
    folder: string,
    file: string,
    beginning: string,
    command: string,
    args: readonly string[],
    more: NodeJS.ProcessEnv = {},
  ): Promise<void> {
    const blocks = await blocksOf('docs/integration.md');
    const { code } = blocks.find((block) => block.code.startsWith(beginning)) ?? assert.fail(beginning);
    const port = await freePort();
    await writeFile(join(folder, file), code.replace('8080', String(port)));
    const env = { ...process.env, ...more, WEBHOOK_SECRET: secret };
    const child = spawn(command, [...args, file], { cwd: folder, env });
    t.after(() => ended(child));
    let printed = '';
    child.stdout.on('data', (bytes: Buffer) => {
      printed += bytes;
    });
    const send = (signedWith: string) => post(`http://127.0.0.1:${port}`, signedWith);
    await eventually('it listens', () =>
      send(secret).then(
        ({ status }) => status === 204,
        () => false,
      ),
    );
    assert.equal((await send(`whsec_${Buffer.from('another').toString('base64')}`)).status, 400);
    assert.equal((await send(secret)).status, 204, 'a message may come twice');
    assert.equal(printed.match(/job\.succeeded/g)?.length, 1, printed);
  }

  function post(address: string, signedWith: string): Promise<Response> {
    const body = JSON.stringify({ type: 'job.succeeded' });
    const at = new Date();
    const headers = {
      'webhook-id': 'delivery_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(signedWith).sign('delivery_1', at, body),
    };
    return fetch(address, { method: 'POST', headers, body });
  }
});

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill();
  await exit;
}
