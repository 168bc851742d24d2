import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { DEFAULT_TENANT, SCOPES } from '../../src/contract/access.js';
import { openKeyOffice } from '../../src/jobs/client/keys/key-office.js';
import { ROOT } from '../../src/service/root.js';
import type { Service } from '../../src/service/service.js';
import { imageFolder } from '../datasets/support/images.js';
import { makeZip } from '../datasets/support/zip.js';
import { temporaryFolder } from '../provision/temporary.js';
import { eventually } from '../support/eventually.js';
import { startLiveService } from '../support/live-service.js';
import { loadSavedModel } from '../support/saved-model.js';
import { ADDRESS, blocksIn, curlWithKey } from './blocks.js';

/** The shell lines of the README's section "With curl", in order, and the answer that it shows for a wrong job. */
async function curlWalkThrough(): Promise<{ script: string; refusal: { detail: string } }> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const section = readme.split('\n## ').find((text) => text.startsWith('With curl'));
  assert.ok(section, 'the README has the section');
  const blocks = blocksIn('README.md', section);
  const lines = blocks.filter(({ language }) => language === 'sh').map(({ code }) => code);
  assert.ok(lines.length >= 4);
  const refusal = blocks.find(({ language }) => language === 'json') ?? assert.fail('it shows a refusal');
  return { script: lines.join('\n'), refusal: JSON.parse(refusal.code) };
}

for (const keys of [false, true]) {
  const name = keys ? 'a server with keys' : 'a server without keys';
  test(`the README's curl lines work as pasted on ${name}, from the first job to the downloaded model`, (t) =>
    walkThrough(t, keys));
}

async function walkThrough(t: TestContext, keys: boolean): Promise<void> {
  const service = await startLiveService(t);
  const folder = await temporaryFolder(t);
  // The reader's own file.
  await writeFile(
    join(folder, 'flowers.zip'),
    makeZip(await imageFolder(['train', 'test'], ['rose', 'tulip'], 4)),
  );
  const { script, refusal } = await curlWalkThrough();
  const { STRATA_API_KEY: _, ...env } = process.env;
  if (keys) env.STRATA_API_KEY = await createKey(service);
  const lines = (keys ? `${await curlWithKey()}\n${script}` : script).replaceAll(ADDRESS, service.apiUrl);
  const { stdout } = await promisify(execFile)('bash', ['-e', '-u', '-o', 'pipefail', '-c', lines], {
    cwd: folder,
    env,
    maxBuffer: 2 ** 24,
  });
  assert.match(stdout, /"type":"job.succeeded"/, 'the events were followed to the end');
  assert.match(stdout, /"state": "succeeded"/);
  assert.match(stdout, /^model\/full\/weights\.bin \d+$/m);
  assert.match(stdout, /"object":"prediction".*"name":"\d"/, 'the model was asked');
  assert.match(stdout, /"source": "measured",\s+"profile": \{/, 'the plan was made from the profile');
  assert.match(stdout, /"code":"invalid_spec"/, 'the wrong job was refused');
  assert.ok(stdout.includes(refusal.detail), 'as the README shows');
  await loadSavedModel(join(folder, 'model/full/model.json'));
  // An artifact is called README.md: beside the reader's own README.md it would replace that.
  for (const name of ['README.md', 'full']) assert.ok(!(await readdir(folder)).includes(name), name);
}

/** Its secret. From now on the service refuses requests without a key. */
async function createKey({ apiUrl, databaseUrl }: Service): Promise<string> {
  const office = await openKeyOffice(databaseUrl);
  const key = await office.create({ tenant: DEFAULT_TENANT, name: 'reader', scopes: SCOPES });
  await office.close();
  await eventually(
    'a request without a key is refused',
    async () => (await fetch(`${apiUrl}/jobs`)).status === 401,
  );
  return key;
}
