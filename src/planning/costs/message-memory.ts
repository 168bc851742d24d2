import type { ResolvedMethod } from '../../contract/spec.js';
import { COLLECTED_BYTES, messageBytesPerValue } from '../../method/messages.js';
import { describeMethod, type StagedMethod, sendsMessage, storesVariables } from '../../method/methods.js';
import type { StageCost } from './stage-costs.js';

const FLOAT = 4;

/**
 * Bytes that a stage keeps for the messages of passes over so many images. A record that is read has memory of its own
 * (SpoolReader of src/trainer/messages/spool.ts). Features that were read are there for the whole pass, while corrections are
 * freed before the way back, whose tensors take their place. Records that were written wait for a collection. The streams of
 * pipelines are not counted.
 */
export function messageMemory(
  { boundary, inputBoundary }: Pick<StageCost, 'boundary' | 'inputBoundary'>,
  method: StagedMethod & Pick<ResolvedMethod, 'corrections'>,
  images: number,
): number {
  // Stored variables are rows of a file that are read and written in place, so there are no messages.
  if (storesVariables(method)) return 0;
  const sends = (output: string) => sendsMessage(describeMethod(method), output);
  const recordBytes = (values: number) =>
    Math.ceil(images * values * messageBytesPerValue(method.corrections));
  const up = sends('corrections') ? recordBytes(boundary) + waitingBytes(recordBytes(inputBoundary)) : 0;
  const down = sends('features')
    ? recordBytes(inputBoundary) + FLOAT * images * inputBoundary + waitingBytes(recordBytes(boundary))
    : 0;
  return up + down;
}

/** Records until they are collected, the last of them included. */
function waitingBytes(recordBytes: number): number {
  return recordBytes === 0 ? 0 : recordBytes * Math.ceil(COLLECTED_BYTES / recordBytes);
}
