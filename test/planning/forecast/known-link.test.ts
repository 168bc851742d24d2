import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownLink } from '../../../src/planning/forecast/known-link.js';

const link = (bytes_per_second: number, round_trip_seconds: number) => {
  return { bytes_per_second, round_trip_seconds };
};
const worker = (host: string, bytes: number, seconds: number) => ({ host, link: link(bytes, seconds) });
const NOTHING = { link_bytes_per_second: null, link_round_trip_seconds: null };

test('the slowest link counts of those that workers of several hosts have measured', () => {
  const workers = [worker('a', 2e8, 0.001), worker('b', 1e7, 0.0005), { host: 'c', link: null }];
  assert.deepEqual(knownLink(NOTHING, workers), { ...link(1e7, 0.001), source: 'measured', hosts: 2 });
});

test('a link is assumed where one host has measured, or none', () => {
  const assumed = { ...link(125e6, 0), source: 'assumed', hosts: 0 };
  assert.deepEqual(knownLink(NOTHING, []), assumed);
  assert.deepEqual(knownLink(NOTHING, [worker('a', 1e9, 0.1), worker('a', 1e7, 0.1)]), assumed);
  assert.deepEqual(knownLink(NOTHING, [worker('a', 1e9, 0.1), { host: 'b', link: null }]), assumed);
});

test('a bandwidth or a round trip that the request names counts, and the other one is that of the workers', () => {
  const workers = [worker('a', 2e8, 0.001), worker('b', 1e7, 0.0005)];
  const named = { link_bytes_per_second: 5e6, link_round_trip_seconds: 0 };
  assert.deepEqual(knownLink(named, workers), { ...link(5e6, 0), source: 'given', hosts: 0 });
  const half = { ...NOTHING, link_round_trip_seconds: 0.02 };
  assert.deepEqual(knownLink(half, workers), { ...link(1e7, 0.02), source: 'given', hosts: 0 });
});
