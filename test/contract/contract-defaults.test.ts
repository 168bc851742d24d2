import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { JOB_DEFAULTS } from '../../src/contract/generated/defaults.js';
import { ROOT } from '../../src/service/root.js';

test("a job's generated defaults are those that a validator fills in", async () => {
  const { components } = parse(await readFile(join(ROOT, 'openapi/openapi.yaml'), 'utf8'));
  const ajv = new Ajv({ useDefaults: true, strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'contract', components });
  const body = { dataset: 'mnist' };
  assert.ok(ajv.validate({ $ref: 'contract#/components/schemas/JobSpec' }, body), ajv.errorsText());
  assert.deepEqual(body, { ...JOB_DEFAULTS, dataset: 'mnist' });
});
