import type { ModelsClient, PredictionQuestion } from '../../../contract/client/models.js';
import { type ErrorCode, type FieldError, StrataError } from '../../../contract/errors.js';
import type { components } from '../../../contract/generated/openapi.js';
import type { PredictionOutcome, PredictionTask } from '../../../contract/predictor-protocol.js';
import type { Asking, PredictionQueue } from '../../queue/predictions.js';
import type { Database } from '../../store/connection/database.js';
import { findServing } from '../../store/models.js';
import { notFound } from '../require-job.js';
import { servedFile } from './served-file.js';

/** Dependencies of predictions. */
export interface PredictionParts {
  readonly queue: () => PredictionQueue;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

export function predictMethod(
  db: Database,
  tenant: string,
  { queue, now }: PredictionParts,
): Pick<ModelsClient, 'predict'> {
  return {
    async predict(id, question, signal) {
      const started = now();
      const model = (await findServing(db, tenant, id)) ?? notFound(id);
      const uri = servedFile(model, question.variant);
      const { image, storage } = model;
      checkItems(question, image);
      const { kind, items, topK } = question;
      const task = { uri, image, storage, kind, items, topK };
      const outcome = await askFor(queue(), task, { tenant, signal });
      // The model may have been deleted during the prediction.
      if ((await findServing(db, tenant, id)) === null) notFound(id);
      if (!outcome.ok) throw failure(outcome, question);
      return {
        object: 'prediction',
        model_id: id,
        variant: question.variant,
        sha256: uri.slice('sha256:'.length),
        data: named(outcome.predictions, model.classes),
        ms: { total: now() - started, ...outcome.ms },
      };
    },
  };
}

/** @throws StrataError invalid_request naming each item at fault */
function checkItems({ kind, items, pointer }: PredictionQuestion, image: PredictionTask['image']): void {
  const errors = items.flatMap((item, index): FieldError[] => {
    const message = itemFault(item, kind === 'pixels' ? image : null);
    return message === null ? [] : [{ pointer: pointer(index), message }];
  });
  if (errors.length > 0) throw new StrataError('invalid_request', undefined, { errors });
}

/** @param image shape that the pixels must fill; null: image files, which may have any size */
function itemFault(item: string, image: PredictionTask['image'] | null): string | null {
  if (!isPadded(item))
    return 'Must be base64, padded with `=` to a multiple of four characters, like `iVBORw0KGgo=`.';
  if (image === null) return null;
  const { height, width, channels } = image;
  const bytes = Buffer.byteLength(item, 'base64');
  if (bytes === height * width * channels) return null;
  const others = bytes / (height * width);
  const shape = `height x width x channels of the model's \`image\`, ${height}x${width}x${channels}`;
  const told = `Must have ${height * width * channels} bytes (${shape}), but has ${bytes}`;
  return Number.isInteger(others) && others > 0
    ? `${told}: ${others} channels instead of ${channels}.`
    : `${told}.`;
}

/** Only its end needs a look: the contract has seen every character. */
function isPadded(item: string): boolean {
  const padding = item.indexOf('=');
  return item.length > 0 && item.length % 4 === 0 && (padding < 0 || padding >= item.length - 2);
}

const RETRY_SOON = { 'retry-after': '1' };
const RETRY_LATER = { 'retry-after': '5' };

async function askFor(
  queue: PredictionQueue,
  task: PredictionTask,
  asking: Asking,
): Promise<PredictionOutcome> {
  const servers = await queue.servers().catch((cause: unknown) => {
    throw new StrataError('unavailable', 'Redis does not respond. Repeat the request in a moment.', {
      cause,
    });
  });
  if (servers === 0) throw new StrataError('no_predictor', undefined, { headers: RETRY_LATER });
  const asked = await queue.ask<PredictionTask, PredictionOutcome>(task, asking).catch(
    // The message must not contain the image, which may be the cause of the crash.
    (cause: unknown) => {
      throw new StrataError('prediction_interrupted', undefined, { headers: RETRY_SOON, cause });
    },
  );
  if (asked.kind === 'answered') return asked.answer;
  if (asked.kind === 'late') throw new StrataError('prediction_late', undefined, { headers: RETRY_LATER });
  const detail = `${asked.waiting} predictions are waiting for ${servers} worker${servers === 1 ? '' : 's'}, and a tenant may have half of the places that others leave free.`;
  throw new StrataError('predictions_full', detail, { headers: RETRY_SOON });
}

function failure(
  { code, message, index }: Extract<PredictionOutcome, { ok: false }>,
  { pointer }: PredictionQuestion,
): StrataError {
  const known: ErrorCode = code;
  if (index === null) return new StrataError(known, undefined, { cause: new Error(message) });
  return new StrataError(known, undefined, {
    errors: [{ pointer: pointer(index), message: `The image cannot be read: ${message}.` }],
  });
}

type Answered = components['schemas']['Prediction']['data'];

function named(
  predictions: Extract<PredictionOutcome, { ok: true }>['predictions'],
  classes: readonly string[],
): Answered {
  return predictions.map((ranked) => ({
    classes: ranked.map(({ index, probability }) => ({ index, name: classes[index] ?? '', probability })),
  }));
}
