import type { MessagePort } from 'node:worker_threads';
import { TrainerError, type TrainerErrorCode } from '../../errors.js';
import { type TrainBatchesOptions, TrainFiller } from '../batch-filler.js';
import { type SplitFiles, SplitReader } from '../split-reader.js';
import { type Ring, RingControl, slotArrays } from './ring.js';

/** What the thread is asked for: the batches of a task's steps, one after another. */
export interface FillOrder {
  readonly ring: Ring;
  readonly files: SplitFiles;
  readonly options: TrainBatchesOptions;
}

/** Sent before the ring is marked failed. */
export interface FillFailure {
  /** Null for an error outside the catalogue. */
  readonly code: TrainerErrorCode | null;
  readonly message: string;
}

/** The thread's side: takes orders from `port`, one at a time. `nowMs` is its clock. */
export function serveOrders(port: MessagePort, nowMs: () => number): void {
  port.on('message', (order: FillOrder) => {
    const control = new RingControl(order.ring);
    try {
      fill(order, control, nowMs);
    } catch (error) {
      port.postMessage(failureOf(error));
      control.markFailed();
    }
    port.postMessage('done');
  });
}

function fill({ ring, files, options }: FillOrder, control: RingControl, nowMs: () => number): void {
  const reader = SplitReader.openFiles(files);
  try {
    const filler = new TrainFiller(reader, options);
    for (let step = ring.steps.start; step < ring.steps.end; step++) {
      const n = step - ring.steps.start;
      if (!control.waitForSlot(n)) return;
      const started = nowMs();
      const arrays = slotArrays(ring, n);
      arrays.images.fill(0);
      filler.fill(step, arrays);
      control.markFilled((nowMs() - started) / 1000);
    }
  } finally {
    reader.close();
  }
}

function failureOf(error: unknown): FillFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof TrainerError ? error.code : null, message };
}
