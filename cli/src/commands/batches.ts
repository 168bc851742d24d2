import { writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { BatchPrediction, BatchPredictionRequest, components } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { bytes, moment, percent, plain } from '../format.js';
import { sendFile } from '../transfer/send-file.js';
import { modelIdOf } from './models.js';

type Schemas = components['schemas'];

export interface BatchOptions {
  readonly dataset?: string;
  /** An archive of pictures, in place of a dataset. */
  readonly pictures?: string;
  readonly split?: Schemas['EvaluationSplit'];
  readonly variant?: Schemas['ModelVariantName'];
  readonly format?: Schemas['BatchPredictionFormat'];
  readonly topK?: number;
  readonly cascade?: number;
  readonly maxFailedShare?: number;
  readonly embedding?: boolean;
  readonly output?: string;
  readonly wait: boolean;
}

const LOOK_MS = 1_000;

export async function createBatch(context: Context, model: string, options: BatchOptions): Promise<void> {
  const { strata, out } = context;
  const { variant, format, topK, cascade, maxFailedShare, embedding, output, wait } = options;
  const { input, forget } = await inputOf(context, options);
  const created = await strata.batches.create({
    model: await modelOf(context, model),
    input,
    output: { ...(format && { format }) },
    ...(variant && { variant }),
    ...(topK !== undefined && { top_k: topK }),
    ...(cascade !== undefined && { cascade: { threshold: cascade } }),
    ...(maxFailedShare !== undefined && { max_failed_share: maxFailedShare }),
    ...(embedding && { include: ['embedding'] }),
  });
  await forget();
  const batch = wait ? await ended(context, created) : created;
  out.result(batch, [batch.id], () => show(out, batch));
  if (wait && output !== undefined && batch.state !== 'cancelled') await save(context, batch.id, output);
  if (batch.state === 'failed')
    throw new CliError(EXIT.failed, `The batch prediction failed: ${batch.error?.message}`);
}

type Input = BatchPredictionRequest['input'];

/** The `input` of the request. Pictures are sent first; `forget` is called once they belong to a batch prediction. */
async function inputOf(
  context: Context,
  { dataset, split, pictures }: BatchOptions,
): Promise<{ readonly input: Input; forget(): Promise<void> }> {
  if ((dataset === undefined) === (pictures === undefined))
    throw new CliError(EXIT.usage, 'Give either --dataset or --pictures.');
  if (dataset !== undefined)
    return { input: { dataset, ...(split && { split }) }, forget: async () => undefined };
  if (split !== undefined) throw new CliError(EXIT.usage, '--split needs --dataset.');
  const upload = await sendFile(context, pictures ?? '');
  return { input: { upload: upload.id }, forget: upload.forget };
}

/** `name@alias` goes to the server as it is; `@last` and parts of ids are found here. */
const modelOf = (context: Context, model: string): Promise<string> =>
  model.indexOf('@') > 0 ? Promise.resolve(model) : modelIdOf(context, model);

async function ended({ strata }: Context, created: BatchPrediction): Promise<BatchPrediction> {
  let batch = created;
  while (batch.finished_at === null) {
    await delay(LOOK_MS);
    batch = await strata.batches.get(created.id);
  }
  return batch;
}

async function save({ strata, out }: Context, id: string, path: string): Promise<void> {
  await writeFile(path, await strata.batches.result(id));
  out.note(`✓ ${path}`);
}

export async function listBatches({ strata, out }: Context): Promise<void> {
  const list = await strata.batches.list({ limit: 100 });
  const ids = list.data.map(({ id }) => id);
  out.result(list, ids, () => {
    if (list.data.length === 0) return out.note('No batch predictions.');
    out.table(['ID', 'STATE', 'MODEL', 'IMAGES', 'DONE', 'FAILED', 'CREATED'], list.data.map(rowOf));
  });
}

const rowOf = ({ id, state, model_name, input, counts, created_at }: BatchPrediction): string[] => [
  ...[id, state, plain(model_name), imagesOf(input)],
  counts.total === 0 ? '–' : percent(counts.done / counts.total),
  String(counts.failed),
  moment(created_at),
];

const imagesOf = ({ dataset, split }: BatchPrediction['input']): string =>
  dataset === null ? 'pictures of an upload' : `${split} of ${plain(dataset.name)}`;

export async function showBatch({ strata, out }: Context, id: string): Promise<void> {
  const batch = await strata.batches.get(id);
  out.result(batch, [id], () => show(out, batch));
}

function show(out: Context['out'], batch: BatchPrediction): void {
  const { id, state, model_id, variant, input, output, cascade, counts, error } = batch;
  out.fields([
    ['id', id],
    ['state', state],
    ['model', `${model_id}, ${variant} network`],
    ['images', `${counts.total}, ${imagesOf(input)}`],
    ['done', `${counts.done}, of which ${counts.failed} failed`],
    ...(cascade
      ? [
          [
            'cascade',
            `${counts.by_compact} answered by the compact network, at ${cascade.threshold} or more`,
          ] as const,
        ]
      : []),
    ['result', `${output.format}, ${bytes(output.size_bytes)}`],
    ...(error ? [['error', plain(error.message)] as const] : []),
  ]);
}

export interface BatchDownload {
  readonly output?: string;
  readonly errors?: boolean;
}

export async function downloadBatch(
  context: Context,
  id: string,
  { output, errors = false }: BatchDownload,
): Promise<void> {
  const { strata, out } = context;
  const file = errors ? await strata.batches.errors(id) : await strata.batches.result(id);
  if (output === undefined) return out.line(file.trimEnd());
  await writeFile(output, file);
  out.note(`✓ ${output}`);
}

export async function cancelBatch({ strata, out }: Context, id: string): Promise<void> {
  const batch = await strata.batches.cancel(id);
  out.result(batch, [id], () => out.line(`✓ ${id} is ${batch.state}`));
}

export async function removeBatch({ strata, out }: Context, id: string): Promise<void> {
  await strata.batches.delete(id);
  out.note(`✓ ${id} is deleted`);
}
