import { createRequire } from 'node:module';
import type { Latency } from '../../contract/trainer-protocol.js';
import type { SplitReader } from '../data/index.js';
import { median } from '../median.js';
import type { Clock } from '../training/index.js';
import { ONNX_THREADS, withOnnxRuntime } from './onnx-runtime.js';
import { type Predict, range, readPixels } from './parity.js';

const BATCH = 32;
const WARM_UP = 2;
const RUNS = 21;
/** After this time, fewer runs are enough to measure a slow network. */
const ENOUGH_MS = 2_000;
const MIN_RUNS = 3;

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };

/** Median times of ONNX Runtime for one image and for a batch. */
export async function measureLatency(file: Uint8Array, test: SplitReader, now: Clock): Promise<Latency> {
  const batchSize = Math.min(BATCH, test.count);
  const image = await readPixels(test, [0]);
  const images = await readPixels(test, range(0, batchSize));
  const [one, batch] = await withOnnxRuntime(file, test.manifest.image, async (predict) => [
    await timeRuns(predict, image, 1, now),
    await timeRuns(predict, images, batchSize, now),
  ]);
  return {
    runtime: `onnxruntime ${version}`,
    device: 'cpu',
    threads: ONNX_THREADS,
    runs: Math.min(one!.length, batch!.length),
    single_ms: toMicrosecond(median(one!)),
    batch_size: batchSize,
    batch_ms: toMicrosecond(median(batch!)),
  };
}

async function timeRuns(predict: Predict, pixels: Uint8Array, count: number, now: Clock): Promise<number[]> {
  for (let run = 0; run < WARM_UP; run++) await predict(pixels, count);
  const times: number[] = [];
  const begun = now();
  while (times.length < RUNS && (times.length < MIN_RUNS || now() - begun < ENOUGH_MS)) {
    const start = now();
    await predict(pixels, count);
    times.push(now() - start);
  }
  return times;
}

const toMicrosecond = (milliseconds: number): number => Number(milliseconds.toFixed(3));
