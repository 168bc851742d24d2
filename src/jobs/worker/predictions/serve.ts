import type { PredictionOutcome, PredictionTask } from '../../../contract/predictor-protocol.js';
import {
  PREDICTIONS_AT_ONCE,
  SLOWEST_PREDICTION_MS,
  TENANT_PREDICTIONS_AT_ONCE,
} from '../../process/limits.js';
import type { Log } from '../../process/process.js';
import { answerPredictions } from '../../queue/answer-predictions.js';
import type { ProcessBounds } from '../children/bounded-command.js';
import { moduleFile, nodeCommand } from '../children/node-command.js';
import { PredictorChild } from '../children/predictor-child.js';
import { type BlobSettings, computingEnvironment, tiedToParent } from '../children/trainer-command.js';
import { Predictor } from './predictor.js';

export interface PredictionServerOptions extends BlobSettings {
  readonly redisUrl: string;
  readonly threads: number;
  /** Megabytes of model files to keep loaded. 0: this worker serves no predictions. */
  readonly predictorMb: number;
  readonly log: Log;
}

/** Answers predictions in a separate process, so that tasks and predictions do not wait for each other. */
export async function servePredictions(options: PredictionServerOptions): Promise<{ stop(): Promise<void> }> {
  const { redisUrl, predictorMb, log } = options;
  if (predictorMb === 0) return { stop: async () => undefined };
  const command = tiedToParent(nodeCommand(moduleFile('predictor/main.ts')));
  const env = predictorEnvironment(process.env, options);
  const bounds = predictorBounds(options);
  const start = () => new PredictorChild(command, env, bounds);
  const predictor = new Predictor(start, SLOWEST_PREDICTION_MS, CPU_SECONDS);
  const consumer = await answerPredictions<PredictionTask, PredictionOutcome>(
    redisUrl,
    { places: PREDICTIONS_AT_ONCE, tenantMax: TENANT_PREDICTIONS_AT_ONCE },
    (task, signal) => predictor.ask(task, signal),
    (error) => log.warn({ err: error }, 'predictions'),
  );
  return {
    async stop() {
      await consumer.pause();
      await consumer.close();
      await predictor.close();
    },
  };
}

const MEGABYTE = 2 ** 20;
/** Node, the libraries with their threads, and the largest images being decoded. */
const MEMORY_MB = 4_096;
/** A loaded model takes more memory than its file. */
const MEMORY_PER_MODEL_BYTE = 4;
/** Processor time after which a predictor is replaced, between two questions. */
const CPU_SECONDS = 300;
/** Threads of Node's pool that decode, and the one that runs JavaScript. */
const THREADS_BESIDE = 5;

/** The kernel leaves time for the questions that are open when a predictor has used its own, each on every thread. */
export function predictorBounds({ predictorMb, threads }: PredictionServerOptions): ProcessBounds {
  const memoryBytes = (MEMORY_MB + MEMORY_PER_MODEL_BYTE * predictorMb) * MEGABYTE;
  const openSeconds = (SLOWEST_PREDICTION_MS / 1_000) * (threads + THREADS_BESIDE);
  return { memoryBytes, cpuSeconds: CPU_SECONDS + openSeconds };
}

export function predictorEnvironment(
  base: NodeJS.ProcessEnv,
  options: PredictionServerOptions,
): NodeJS.ProcessEnv {
  return {
    ...computingEnvironment(base, options),
    STRATA_THREADS: String(options.threads),
    STRATA_PREDICTOR_MB: String(options.predictorMb),
  };
}
