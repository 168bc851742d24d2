import type { MessagePort } from 'node:worker_threads';
import { InvalidManifestError } from '../../../contract/dataset-manifest.js';
import { messageOf } from '../../../contract/message-of.js';
import { countSteps } from '../../../method/rounds.js';
import { TrainerError, type TrainerErrorCode } from '../../errors.js';
import { type TrainBatchesOptions, TrainFiller } from '../batch-filler.js';
import { openFiles } from '../open-split.js';
import type { SplitFiles } from '../split-files.js';
import { type Ring, RingControl, slotArrays } from './ring.js';

/** An order to the thread: the batches of the steps of a task, one after another. */
export interface FillOrder {
  readonly ring: Ring;
  readonly files: SplitFiles;
  readonly options: TrainBatchesOptions;
  /** Number of encoded images decoded at the same time. */
  readonly decoders: number;
}

/** Sent before the ring is marked failed. */
export interface FillFailure {
  /** Null for an error that is not in the catalogue. */
  readonly code: TrainerErrorCode | null;
  readonly message: string;
}

/** The thread's side of the protocol: takes orders from `port`, one at a time. `nowMs` is its clock. */
export function serveOrders(port: MessagePort, nowMs: () => number): void {
  port.on('message', (order: FillOrder) => void serve(order));

  async function serve(order: FillOrder): Promise<void> {
    const control = new RingControl(order.ring);
    try {
      await fill(order, control, nowMs);
    } catch (error) {
      port.postMessage(failureOf(error));
      control.markFailed();
    }
    port.postMessage('done');
  }
}

async function fill(
  { ring, files, options, decoders }: FillOrder,
  control: RingControl,
  nowMs: () => number,
): Promise<void> {
  const reader = openFiles(files, { decoders });
  try {
    const filler = new TrainFiller(reader, options);
    const { start, stride = 1 } = ring.steps;
    for (let n = 0; n < countSteps(ring.steps); n++) {
      if (!control.waitForSlot(n)) return;
      const started = nowMs();
      const arrays = slotArrays(ring, n);
      arrays.images.fill(0);
      await filler.fill(start + n * stride, arrays);
      control.markFilled((nowMs() - started) / 1000);
    }
  } finally {
    reader.close();
  }
}

function codeOf(error: unknown): TrainerErrorCode | null {
  if (error instanceof InvalidManifestError) return 'dataset_unreadable';
  return error instanceof TrainerError ? error.code : null;
}

function failureOf(error: unknown): FillFailure {
  const message = messageOf(error);
  return { code: codeOf(error), message };
}
