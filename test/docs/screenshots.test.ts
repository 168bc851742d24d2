import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { loadContract } from '../../src/api/openapi.js';
import { ROOT } from '../../src/service/root.js';
import { readRecording } from '../browser/screenshots/recording.js';

const FOLDER = join(ROOT, 'docs/screenshots');
/** The largest picture today has 174 kB: an evaluation at 1600 pixels. */
const MAX_BYTES = 250_000;
/** Place and value in the header of a PNG (RFC 2083, 11.2.2). */
const COLOR_TYPE_AT = 25;
const PALETTE = 3;
const SHORTEST_ALT = 20;

/**
 * The contract with every field optional: a field that is new leaves the recording usable, unless a page needs it, which
 * `npm run screenshots` says. Without required fields, several schemas of a `oneOf` may fit.
 */
function lenientContract(): { readonly paths: object } {
  const lenient = (key: string, value: unknown) =>
    key === 'required' && Array.isArray(value) ? undefined : value;
  return JSON.parse(loadContract().json.replaceAll('"oneOf"', '"anyOf"'), lenient);
}

test('each recorded view has a small picture of each width and theme, and there are no others', async () => {
  const { views } = await readRecording();
  const expected = Object.keys(views).flatMap((view) =>
    [1600, 390].flatMap((width) => ['light', 'dark'].map((theme) => `${view}-${width}-${theme}.png`)),
  );
  assert.deepEqual((await readdir(FOLDER)).sort(), expected.sort(), 'run npm run screenshots');
  for (const name of expected) {
    const bytes = await readFile(join(FOLDER, name));
    assert.ok(bytes.length < MAX_BYTES, `${name} has ${bytes.length} bytes`);
    assert.equal(bytes[COLOR_TYPE_AT], PALETTE, `${name} has a palette`);
  }
});

test('recorded answers have the types of the contract', async () => {
  const contract = lenientContract();
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(contract, 'contract.json');
  const templates = Object.keys(contract.paths).map((path) => ({
    path,
    matches: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));
  // A path without parameters, like /evaluations/compare, comes before one with them.
  templates.sort((one, other) => one.path.split('{').length - other.path.split('{').length);
  const problems: string[] = [];
  for (const [key, { status, type, body }] of Object.entries((await readRecording()).answers)) {
    const [method = '', url = ''] = key.split(' ');
    const template = templates.find(({ matches }) => matches.test(url.split('?')[0] ?? ''));
    if (!template || status !== 200 || !type.startsWith('application/json')) continue;
    const at = [template.path, method.toLowerCase(), 'responses', '200', 'content', 'application/json'];
    const pointer = at.map((part) => encodeURIComponent(part.replaceAll('/', '~1')));
    const validate = ajv.compile({ $ref: `contract.json#/paths/${pointer.join('/')}/schema` });
    if (validate(JSON.parse(Buffer.from(body, 'base64').toString()))) continue;
    problems.push(`${key}: ${ajv.errorsText(validate.errors)}`);
  }
  assert.deepEqual(problems, [], 'run npm run screenshots:record, then npm run screenshots');
});

test('each picture in the docs exists, and has words for those who cannot see it', async () => {
  const pictures = new Set(await readdir(FOLDER));
  const pages = (await readdir(join(ROOT, 'docs'))).filter((name) => name.endsWith('.md'));
  const problems: string[] = [];
  let count = 0;
  for (const page of pages) {
    const text = await readFile(join(ROOT, 'docs', page), 'utf8');
    for (const [, alt = '', name = ''] of text.matchAll(/!\[([^\]]*)\]\(screenshots\/([^)]+)\)/g)) {
      count += 1;
      if (!pictures.has(name)) problems.push(`${page}: no picture ${name}`);
      if (alt.length < SHORTEST_ALT) problems.push(`${page}: ${name} needs a longer text`);
    }
  }
  assert.deepEqual(problems, []);
  assert.ok(count >= 6, `${count} pictures`);
});
