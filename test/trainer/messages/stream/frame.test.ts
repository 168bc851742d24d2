import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME, type Frame, FrameReader, headerOf } from '../../../../src/trainer/messages/stream/frame.js';

/** Two frames of different lengths, one after the other, as a socket delivers them. */
const FRAMES: readonly Frame[] = [9, 5].map((length) => ({
  kind: FRAME.tensor,
  bytes: Uint8Array.from({ length }, (_, index) => 7 * index + length).buffer,
}));
const stream = (): Buffer =>
  Buffer.concat(FRAMES.flatMap((frame) => [headerOf(frame), Buffer.from(frame.bytes)]));

function readIn(pieces: number, bytes: Buffer): Frame[] {
  const read: Frame[] = [];
  const reader = new FrameReader((frame) => read.push(frame));
  for (let at = 0; at < bytes.length; at += pieces) reader.push(bytes.subarray(at, at + pieces));
  return read;
}

test('frames are the same in pieces of every length', () => {
  for (let pieces = 1; pieces <= stream().length; pieces++) {
    assert.deepEqual(readIn(pieces, stream()), FRAMES, `in pieces of ${pieces} bytes`);
  }
});

test('a changed byte of any frame is noticed, in pieces of every length', () => {
  const first = headerOf(FRAMES[0]!).length;
  const second = first + FRAMES[0]!.bytes.byteLength + first;
  for (const at of [first, first + 8, second, second + 4]) {
    for (const pieces of [1, 3, 4, 1000]) {
      const changed = stream();
      changed[at]! ^= 1;
      assert.throws(() => readIn(pieces, changed), /does not match its checksum/, `byte ${at}`);
    }
  }
});
