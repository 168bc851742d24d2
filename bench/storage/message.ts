import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import type { BlobStore } from '../../src/storage/blob-store.js';

const RECORDS = 31;
const RECORD_BYTES = 4_000_000;
/** Time of a step, in which this thread does nothing else. */
const STEP_MS = 250;

export const MESSAGE_MB = (RECORDS * RECORD_BYTES) / 1e6;
export const ROUND_SECONDS = (RECORDS * STEP_MS) / 1_000;

/** Seconds of a round beside its steps. */
export interface MessageWaits {
  /** To write each record, and to make the message complete after the last one. */
  readonly written: number;
  /** From the wish to read to the first record, and in the steps for the others. */
  readonly read: number;
}

/** Sends a message of one record a step, as a stage does, and reads it so on another host. */
export async function exchangeMessage(
  sender: BlobStore,
  receiver: BlobStore,
  key: string,
): Promise<MessageWaits> {
  const draft = await sender.createSpool(key);
  const record = Buffer.alloc(RECORD_BYTES);
  const begun = performance.now();
  const file = openSync(draft.path, 'w');
  for (let step = 0; step < RECORDS; step++) {
    await computeStep();
    record.fill(step + 1);
    // Otherwise the second message would be in the cache of its reader.
    record.write(key);
    writeSync(file, record);
    draft.appended();
  }
  closeSync(file);
  const { uri } = await draft.commit();
  const sent = performance.now();
  const arriving = await receiver.openArriving(uri);
  for (let step = 0; step < RECORDS; step++) {
    arriving.waitFor((step + 1) * RECORD_BYTES);
    if (readSync(arriving.descriptor, record, 0, RECORD_BYTES, step * RECORD_BYTES) !== RECORD_BYTES)
      throw new Error('the message is too short');
    if (record.at(-1) !== step + 1) throw new Error('the message is another one');
    await computeStep();
  }
  arriving.close();
  const received = performance.now();
  const beside = (milliseconds: number) => milliseconds / 1_000 - ROUND_SECONDS;
  return { written: beside(sent - begun), read: beside(received - sent) };
}

/** Holds this thread as TensorFlow does, then lets events pass, as between two steps. */
async function computeStep(): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STEP_MS);
  await new Promise((resolve) => setImmediate(resolve));
}
