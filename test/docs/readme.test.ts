import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT } from '../../src/service/root.js';
import { imageFolder } from '../datasets/support/images.js';
import { makeZip } from '../datasets/support/zip.js';
import { temporaryFolder } from '../provision/temporary.js';
import { startLiveService } from '../support/live-service.js';
import { loadSavedModel } from '../support/saved-model.js';

const ADDRESS = 'http://127.0.0.1:3000';

/** The shell lines of the README's section "With curl", in order. */
async function curlWalkThrough(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const section = readme.split('\n## ').find((text) => text.startsWith('With curl'));
  assert.ok(section, 'the README has the section');
  const blocks = [...section.matchAll(/```sh\n(.*?)```/gs)].map(([, lines]) => lines!);
  assert.ok(blocks.length >= 4);
  return blocks.join('\n');
}

test("the README's curl lines work as pasted, from the first job to the downloaded model", async (t) => {
  const service = await startLiveService(t);
  const folder = await temporaryFolder(t);
  // The reader's own file.
  await writeFile(
    join(folder, 'flowers.zip'),
    makeZip(await imageFolder(['train', 'test'], ['rose', 'tulip'], 4)),
  );
  const script = (await curlWalkThrough()).replaceAll(ADDRESS, service.apiUrl);
  const { stdout } = await promisify(execFile)('bash', ['-e', '-u', '-o', 'pipefail', '-c', script], {
    cwd: folder,
    maxBuffer: 2 ** 24,
  });
  assert.match(stdout, /"type":"job.succeeded"/, 'the events were followed to the end');
  assert.match(stdout, /"state": "succeeded"/);
  assert.match(stdout, /^model\/full\/weights\.bin \d+$/m);
  assert.match(stdout, /"object":"prediction".*"name":"\d"/, 'the model was asked');
  assert.match(stdout, /"source": "measured",\s+"profile": \{/, 'the plan was made from the profile');
  assert.match(stdout, /"code":"invalid_spec"/, 'the wrong job was refused');
  await loadSavedModel(join(folder, 'model/full/model.json'));
  // An artifact is called README.md: beside the reader's own README.md it would replace that.
  for (const name of ['README.md', 'full']) assert.ok(!(await readdir(folder)).includes(name), name);
});
