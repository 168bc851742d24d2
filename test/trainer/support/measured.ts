import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

/** Asserts error <= tolerance and prints both, so that docs/checks.md can be read off any run. */
export function within(t: TestContext, what: string, error: number, tolerance: number): void {
  t.diagnostic(`${what}: ${error.toExponential(1)} (tolerance ${tolerance})`);
  assert.ok(error <= tolerance, `${what}: ${error} is above ${tolerance}`);
}
