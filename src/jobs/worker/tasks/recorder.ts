import type { MetricSample, TaskCheckpoint } from '../../../contract/trainer-protocol.js';
import type { Report } from '../../lifecycle/report.js';
import { startLoop } from '../../process/loop.js';

export interface Gathered extends Report {
  /** Creation time of the oldest sample, in Unix milliseconds. */
  readonly oldestSampleMs: number | null;
}

export interface Recorder {
  add(samples: readonly MetricSample[], madeAtMs: number): void;
  progress(share: number): void;
  /** Writes a checkpoint at once, together with the samples before it. */
  checkpoint(made: TaskCheckpoint): void;
  /** Stops writing. @returns the samples that are not written yet; they are recorded with the end of the attempt */
  drain(): Promise<Gathered>;
}

export type WriteReport = (report: Gathered) => Promise<void>;

const NOTHING: Gathered = { progress: null, samples: [], checkpoint: null, oldestSampleMs: null };

/** Collects the reports of a running task and writes them in batches, outside the training. */
export function startRecorder(
  write: WriteReport,
  flushMs: number,
  onError: (error: unknown) => void,
): Recorder {
  let pending = NOTHING;

  const flush = async (): Promise<void> => {
    const { samples, progress, checkpoint } = pending;
    if (samples.length === 0 && progress === null && checkpoint === null) return;
    const batch = pending;
    pending = NOTHING;
    try {
      await write(batch);
    } catch (error) {
      // Kept for the next flush. An attempt that cannot write for long loses its lease anyway.
      pending = joined(batch, pending);
      throw error;
    }
  };
  const loop = startLoop(flush, flushMs, onError);
  return {
    add(more, madeAtMs) {
      const oldestSampleMs = pending.oldestSampleMs ?? madeAtMs;
      pending = { ...pending, samples: [...pending.samples, ...more], oldestSampleMs };
    },
    progress(share) {
      pending = { ...pending, progress: share };
    },
    checkpoint(made) {
      pending = { ...pending, checkpoint: made };
      loop.nudge();
    },
    async drain() {
      await loop.stop();
      return pending;
    },
  };
}

function joined(earlier: Gathered, later: Gathered): Gathered {
  return {
    progress: later.progress ?? earlier.progress,
    samples: [...earlier.samples, ...later.samples],
    checkpoint: later.checkpoint ?? earlier.checkpoint,
    oldestSampleMs: earlier.oldestSampleMs ?? later.oldestSampleMs,
  };
}
