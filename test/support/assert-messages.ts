// Loaded before every test file. `assert.ok(value)` without a message reads the source to quote the failed expression. In
// code that tsx has put on one line it looks for it for minutes, so that a failing test seemed to hang.
import assert from 'node:assert/strict';

const { ok } = assert;

assert.ok = (value: unknown, message?: string | Error): asserts value =>
  ok(value, message ?? 'the value is not truthy; the stack shows where');
