import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ERRORS, isErrorCode, retryClassOf, StrataError } from '../../src/contract/errors.js';
import { renderErrorsPage } from '../../src/contract/errors-page.js';

test('docs/errors.md matches the catalogue', () => {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  assert.equal(page, renderErrorsPage(), 'run `npm run generate`');
});

test('every entry has an HTTP status, and a title and a remedy with the right punctuation', () => {
  for (const [code, { status, title, remedy }] of Object.entries(ERRORS)) {
    assert.match(code, /^[a-z]+(_[a-z]+)*$/);
    assert.ok(status >= 400 && status < 600, code);
    assert.match(title, /[^.]$/, code);
    assert.match(remedy, /\.$/, code);
    // They stand in a table.
    assert.doesNotMatch(title + remedy, /[|\n]/, code);
  }
});

test('an error has the retry class of its code, and the remedy of its code unless it brings its own', () => {
  const error = new StrataError('out_of_memory');
  assert.deepEqual([error.status, error.retry, error.detail], [500, 'fatal', ERRORS.out_of_memory.remedy]);
  assert.equal(new StrataError('non_finite_loss', 'stage 1, step 7').detail, 'stage 1, step 7');
});

test('codes from another process: unknown ones count as internal', () => {
  assert.equal(retryClassOf('non_finite_loss'), 'fatal');
  assert.equal(retryClassOf('toString'), ERRORS.internal.retry);
  assert.equal(isErrorCode('constructor'), false);
});
