import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRORS } from '../../src/contract/errors.js';
import { outageOf } from '../../src/contract/outages.js';

test('an outage of the host is recognized by its code at any depth of causes', () => {
  const full = Object.assign(new Error('no space left on device, write'), { code: 'ENOSPC' });
  assert.equal(outageOf(full), 'storage_full');
  assert.equal(outageOf(new Error('the blob was not stored', { cause: full })), 'storage_full');
  const codes = {
    EDQUOT: 'storage_full',
    EIO: 'storage_failing',
    EROFS: 'storage_failing',
    ENOMEM: 'host_out_of_memory',
  };
  for (const [code, outage] of Object.entries(codes)) assert.equal(outageOf({ code }), outage);
});

test('Postgres reports faults of its own host by SQLSTATE, also through Prisma', () => {
  const driver = { name: 'DriverAdapterError', cause: { kind: 'postgres', code: '53100' } };
  assert.equal(outageOf({ code: 'P2010', meta: { driverAdapterError: driver } }), 'storage_full');
  assert.equal(outageOf({ code: '53200' }), 'host_out_of_memory');
  assert.equal(outageOf({ code: '58030' }), 'storage_failing');
});

test('other errors are not outages, nor is a chain of causes with a cycle', () => {
  const cycle = new Error('round');
  cycle.cause = cycle;
  for (const error of [cycle, null, 'ENOSPC', new Error('ENOSPC'), { code: 'toString' }, { code: '23505' }])
    assert.equal(outageOf(error), null);
});

test('an outage makes a task wait; it neither counts as a failure nor ends the job', () => {
  const codes = [
    'storage_full',
    'storage_failing',
    'storage_unreachable',
    'storage_denied',
    'storage_no_bucket',
    'host_out_of_memory',
  ] as const;
  for (const code of codes) assert.equal(ERRORS[code].retry, 'wait');
  assert.equal(ERRORS.storage_full.status, 507);
});
