import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOf } from '../../scripts/audit-verdict.js';
import { byLicense, checkLicenses, unreviewed } from '../../scripts/licenses.js';

test('an audit that nobody answered is not a clean one', () => {
  for (const report of ['', '<html>', '{"message":"405 Method Not Allowed"}', '{"error":{}}'])
    assert.equal(verdictOf(report).kind, 'unknown', report);
  assert.match(verdictOf('{"message":"405 Method Not Allowed"}').lines[0] ?? '', /could not be checked: 405/);
  assert.equal(verdictOf('{"vulnerabilities":{}}').kind, 'clean');
  const report = '{"vulnerabilities":{"sharp":{"severity":"high","range":"<0.32.6"}}}';
  assert.deepEqual(verdictOf(report), { kind: 'vulnerable', lines: ['high: sharp <0.32.6'] });
});

test('every license of the lock file was looked at', async () => {
  assert.deepEqual(await checkLicenses(), []);
  assert.deepEqual(unreviewed('(MIT OR SSPL-1.0)'), ['SSPL-1.0']);
  const packages = {
    '': {},
    'node_modules/a': { version: '1', license: 'MIT' },
    'node_modules/b/node_modules/a': { version: '2' },
  };
  assert.deepEqual(
    [...byLicense(packages)],
    [
      ['MIT', ['a 1']],
      ['not stated in the lock file', ['a 2']],
    ],
  );
});
