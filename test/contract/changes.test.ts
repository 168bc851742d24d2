import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contractChanges } from '../../scripts/checks/contract/contract-changes.js';
import { unannounced } from '../../scripts/checks/contract/released.js';
import { type JsonObject, loadContract } from '../../src/api/openapi.js';

const { document } = loadContract();

/** The contract with the value at a path replaced; undefined takes it out. */
function changed(path: string, value: unknown): JsonObject {
  const copy = structuredClone(document);
  const keys = path.split(' ');
  const last = keys.pop() as string;
  let node = copy;
  for (const key of keys) node = node[key] as JsonObject;
  if (value === undefined) delete node[last];
  else node[last] = value;
  return copy;
}

const JOB_SPEC = 'components schemas JobSpec properties';
const BREAKING: readonly [what: string, contract: JsonObject, says: RegExp][] = [
  ['an operation is gone', changed('paths /workers', undefined), /GET \/workers: is gone/],
  [
    'an operation is renamed',
    changed('paths /workers get operationId', 'workers'),
    /operationId is now workers/,
  ],
  ['a parameter is gone', changed('paths /jobs post parameters', []), /query dry_run: is gone/],
  [
    'a limit falls',
    changed('components parameters Limit schema maximum', 50),
    /GET \/jobs query limit: maximum fell/,
  ],
  [
    'a field of a body is gone',
    changed(`${JOB_SPEC} epochs`, undefined),
    /POST \/jobs body .*\/epochs: is gone/,
  ],
  ['a value is refused', changed(`${JOB_SPEC} seed type`, ['integer']), /seed: no longer takes null/],
  ['a default changes', changed(`${JOB_SPEC} epochs default`, 5), /epochs: the default is now 5/],
  [
    'a field becomes needed',
    changed('components schemas JobSpec required', ['dataset', 'name']),
    /name is now required/,
  ],
  [
    'an optional body becomes needed',
    changed('paths /jobs/{id}/cancel post requestBody required', true),
    /cancel body: is now required/,
  ],
  [
    'an answered field is gone',
    changed('components schemas Worker properties host', undefined),
    /host: is gone/,
  ],
  [
    'an answered field may be absent',
    changed('components schemas Worker required', ['id']),
    /host may be absent/,
  ],
  ['a text is of fewer forms', changed(`${JOB_SPEC} dataset pattern`, '^[a-z]+$'), /pattern is now/],
  [
    'an answer may be null',
    changed('components schemas Worker properties host type', ['string', 'null']),
    /be null/,
  ],
  ['a status is gone', changed('paths /jobs post responses 200', undefined), /POST \/jobs 200: is gone/],
  [
    'an alternative is gone',
    changed('components schemas MethodSpec properties split anyOf', [{ type: 'string', enum: ['auto'] }]),
    /split: the alternatives changed/,
  ],
  ['a key is needed', changed('paths /health/live get security', [{ apiKey: [] }]), /now needs a key/],
];

describe('changes that break clients are found', () => {
  for (const [what, contract, says] of BREAKING) {
    test(what, () => assert.match(contractChanges(document, contract).join('\n'), says));
  }
});

const HARMLESS: readonly [what: string, contract: JsonObject][] = [
  ['nothing', document],
  ['a description', changed(`${JOB_SPEC} epochs description`, 'other words')],
  ['a new field of a body', changed(`${JOB_SPEC} notes`, { type: 'string', default: '' })],
  ['a new field of an answer', changed('components schemas Worker properties zone', { type: 'string' })],
  ['a new state', changed('components schemas JobState enum', ['paused', ...statesOf(document)])],
  ['a wider limit', changed(`${JOB_SPEC} epochs maximum`, 2000)],
  ['no U+0000 in a text', changed(`${JOB_SPEC} dataset pattern`, '^[^\\u0000]*$')],
  ['a new path', changed('paths /more', { get: { operationId: 'more', responses: {} } })],
];

describe('additions are not breaking changes', () => {
  for (const [what, contract] of HARMLESS) {
    test(what, () => assert.deepEqual(contractChanges(document, contract), []));
  }
});

test('a breaking change passes only where info.version rises', () => {
  const breaking = changed('paths /workers', undefined);
  assert.match(unannounced(document, breaking).join('\n'), /raise info.version/);
  const info = document.info as JsonObject;
  assert.deepEqual(unannounced(document, { ...breaking, info: { ...info, version: '0.10.0' } }), []);
  assert.notDeepEqual(unannounced(document, { ...breaking, info: { ...info, version: '0.0.9' } }), []);
});

function statesOf({ components }: JsonObject): unknown[] {
  return (components as { schemas: { JobState: { enum: unknown[] } } }).schemas.JobState.enum;
}
