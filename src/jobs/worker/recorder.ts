import type { MetricSample } from '../../contract/trainer-protocol.js';
import { startLoop } from '../loop.js';

export interface Recorder {
  add(samples: readonly MetricSample[]): void;
  progress(share: number): void;
  /** Stops writing. @returns the samples that are not written yet: they belong to the attempt's last transaction */
  drain(): Promise<readonly MetricSample[]>;
}

export type WriteReport = (progress: number | null, samples: readonly MetricSample[]) => Promise<void>;

/** Gathers what a running task reports and writes it in batches, apart from the training. */
export function startRecorder(
  write: WriteReport,
  flushMs: number,
  onError: (error: unknown) => void,
): Recorder {
  let samples: MetricSample[] = [];
  let share: number | null = null;

  const flush = async (): Promise<void> => {
    if (samples.length === 0 && share === null) return;
    const [batch, progress] = [samples, share];
    samples = [];
    share = null;
    try {
      await write(progress, batch);
    } catch (error) {
      // Kept for the next flush; an attempt that cannot write for long loses its lease anyway.
      samples = [...batch, ...samples];
      throw error;
    }
  };
  const loop = startLoop(flush, flushMs, onError);
  return {
    add(more) {
      samples.push(...more);
    },
    progress(now) {
      share = now;
    },
    async drain() {
      await loop.stop();
      return samples;
    },
  };
}
