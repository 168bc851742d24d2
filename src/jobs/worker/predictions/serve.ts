import type { PredictionOutcome, PredictionTask } from '../../../contract/predictor-protocol.js';
import { PREDICTIONS_AT_ONCE, SLOWEST_PREDICTION_MS } from '../../process/limits.js';
import type { Log } from '../../process/process.js';
import { answerPredictions } from '../../queue/predictions.js';
import { moduleFile, nodeCommand } from '../children/node-command.js';
import { PredictorChild } from '../children/predictor-child.js';
import { computingEnvironment, tiedToParent } from '../children/trainer-command.js';
import { Predictor } from './predictor.js';

export interface PredictionServerOptions {
  readonly redisUrl: string;
  readonly blobUrl: string;
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
  const predictor = new Predictor(() => new PredictorChild(command, env), SLOWEST_PREDICTION_MS);
  const consumer = await answerPredictions<PredictionTask, PredictionOutcome>(
    redisUrl,
    PREDICTIONS_AT_ONCE,
    (task) => predictor.ask(task),
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

function predictorEnvironment(
  base: NodeJS.ProcessEnv,
  { blobUrl, threads, predictorMb }: PredictionServerOptions,
): NodeJS.ProcessEnv {
  return {
    ...computingEnvironment(base, blobUrl),
    STRATA_THREADS: String(threads),
    STRATA_PREDICTOR_MB: String(predictorMb),
  };
}
