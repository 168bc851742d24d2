import { setTimeout as delay } from 'node:timers/promises';
import type { components, Evaluation } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { figure, moment, percent, plain } from '../format.js';
import { sliceOfClasses, sliceOfImages, sliceOfMetadata } from '../slices.js';
import { modelIdOf } from './models.js';

type Schemas = components['schemas'];

export interface EvaluateOptions {
  readonly checkpoint?: string;
  readonly dataset: string;
  readonly split?: Schemas['EvaluationSplit'];
  readonly variant?: Schemas['ModelVariantName'];
  readonly tta?: Schemas['TestTimeAugmentation'];
  readonly cascade?: boolean;
  readonly slices?: string[];
  readonly wait: boolean;
}

const LOOK_MS = 1_000;

export async function createEvaluation(
  context: Context,
  model: string | undefined,
  { wait, ...options }: EvaluateOptions,
): Promise<void> {
  const { strata, out } = context;
  if ((model === undefined) === (options.checkpoint === undefined))
    throw new CliError(
      EXIT.usage,
      'Name either a model or a checkpoint.',
      'Use --checkpoint for the latter.',
    );
  const subject = model === undefined ? {} : { model: await modelIdOf(context, model) };
  const created = await strata.evaluations.create({ ...subject, ...options });
  const evaluation = wait ? await ended(context, created) : created;
  out.result(evaluation, [evaluation.id], () => show(out, evaluation));
  if (evaluation.state === 'failed')
    throw new CliError(EXIT.failed, `The evaluation failed: ${evaluation.error?.message}`);
}

async function ended({ strata }: Context, created: Evaluation): Promise<Evaluation> {
  let evaluation = created;
  while (evaluation.finished_at === null) {
    await delay(LOOK_MS);
    evaluation = await strata.evaluations.get(created.id);
  }
  return evaluation;
}

export async function listEvaluations({ strata, out }: Context): Promise<void> {
  const list = await strata.evaluations.list({ limit: 100 });
  const ids = list.data.map(({ id }) => id);
  out.result(list, ids, () => {
    if (list.data.length === 0) return out.note('No evaluations.');
    out.table(
      ['ID', 'STATE', 'MODEL OR CHECKPOINT', 'NETWORK', 'IMAGES', 'ACCURACY', 'CREATED'],
      list.data.map(rowOf),
    );
  });
}

const rowOf = (evaluation: Evaluation): string[] => [
  evaluation.id,
  evaluation.state,
  plain(evaluation.model_name ?? evaluation.checkpoint?.id ?? ''),
  evaluation.variant,
  `${evaluation.split} of ${plain(evaluation.dataset.name)}`,
  percent(evaluation.figures?.accuracy, 2),
  moment(evaluation.created_at),
];

export async function showEvaluation(
  { strata, out }: Context,
  id: string,
  { thresholds }: { readonly thresholds?: boolean } = {},
): Promise<void> {
  const evaluation = await strata.evaluations.get(id);
  out.result(evaluation, [id], () => {
    show(out, evaluation);
    if (thresholds) showThresholds(out, evaluation.figures?.per_class ?? []);
  });
}

/** Digits of a threshold: with fewer, images at the threshold would be left out. */
const THRESHOLD_DIGITS = 6;

function showThresholds(out: Context['out'], classes: readonly Schemas['EvaluatedClass'][]): void {
  out.line();
  out.table(
    ['CLASS', 'AIM', 'THRESHOLD', 'PRECISION', 'RECALL', 'F1'],
    classes.flatMap(({ name, thresholds }) => [
      thresholdRow(name, 'best F1', thresholds?.best_f1),
      thresholdRow(name, 'precision 95 %', thresholds?.precision_95),
      thresholdRow(name, 'recall 95 %', thresholds?.recall_95),
    ]),
  );
}

const thresholdRow = (
  name: string,
  aim: string,
  point: Schemas['OperatingPoint'] | null | undefined,
): string[] => [
  plain(name),
  aim,
  figure(point?.threshold, THRESHOLD_DIGITS),
  percent(point?.precision, 2),
  percent(point?.recall, 2),
  figure(point?.f1),
];

function show(out: Context['out'], evaluation: Evaluation): void {
  const { id, state, checkpoint, figures, progress, error, images, split, dataset, variant } = evaluation;
  out.fields([
    ['id', id],
    ['state', state],
    checkpoint
      ? ['checkpoint', `${checkpoint.id}, ${variant} network`]
      : ['model', `${evaluation.model_id}, ${variant} network`],
    ['images', `${images}, ${split} of ${plain(dataset.name)}`],
    ...(state === 'running' ? [['progress', percent(progress)] as const] : []),
    ...(error ? [['error', plain(error.message)] as const] : []),
  ]);
  if (!figures) return;
  const { accuracy_interval: interval } = figures;
  out.line();
  out.fields([
    [
      'accuracy',
      `${percent(figures.accuracy, 2)} (95 %: ${percent(interval.low, 2)} to ${percent(interval.high, 2)})`,
    ],
    ['top 5', percent(figures.top_5, 2)],
    ['balanced accuracy', percent(figures.balanced_accuracy, 2)],
    ['macro F1', figure(figures.macro_f1)],
    ['log loss', figure(figures.log_loss)],
    ['Brier score', figure(figures.brier)],
    ['calibration error', figure(figures.ece)],
    ['AUROC', figure(figures.auroc)],
    ['average precision', figure(figures.average_precision)],
  ]);
  for (const { column, values } of figures.slices ?? []) showColumn(out, column, values);
  if (!figures.cascade) return;
  out.line();
  out.table(
    ['THRESHOLD', 'ACCURACY', 'BY COMPACT', 'SECONDS'],
    figures.cascade.points.map(({ threshold, accuracy, by_compact, seconds }) => [
      ...[String(threshold), percent(accuracy, 2), percent(by_compact), seconds.toFixed(2)],
    ]),
  );
}

/** A table of the figures by the values of a column of metadata. */
function showColumn(out: Context['out'], column: string, values: readonly Schemas['ValueFigures'][]): void {
  out.line();
  const named = values.map(({ value, ...figures }) => ({ name: value ?? '(none)', ...figures }));
  showSlices(out, plain(column).toUpperCase(), named);
}

function showSlices(out: Context['out'], title: string, slices: readonly Schemas['SliceFigures'][]): void {
  out.table(
    [title, 'IMAGES', 'ACCURACY', '95 %', 'BALANCED', 'MACRO F1', 'OTHER IMAGES'],
    slices.map((slice) => [
      plain(slice.name),
      String(slice.images),
      percent(slice.accuracy, 2),
      `${percent(slice.accuracy_interval?.low, 2)} to ${percent(slice.accuracy_interval?.high, 2)}`,
      percent(slice.balanced_accuracy, 2),
      figure(slice.macro_f1),
      percent(slice.other_accuracy, 2),
    ]),
  );
}

export interface SliceOptions {
  readonly images: readonly string[];
  readonly metadata: readonly string[];
  readonly classes: readonly string[];
}

export async function sliceEvaluation(
  { strata, out }: Context,
  id: string,
  { images, classes, metadata }: SliceOptions,
): Promise<void> {
  const asked = [
    ...(await Promise.all(images.map(sliceOfImages))),
    ...classes.map(sliceOfClasses),
    ...metadata.map(sliceOfMetadata),
  ];
  if (asked.length === 0)
    throw new CliError(
      EXIT.usage,
      'No slice was given.',
      'Name some with --images, --classes or --metadata.',
    );
  const { slices } = await strata.evaluations.slices(id, asked);
  out.result(slices, [id], () => showSlices(out, 'SLICE', slices));
}

export async function compareEvaluations({ strata, out }: Context, a: string, b: string): Promise<void> {
  const comparison = await strata.evaluations.compare(a, b);
  out.result(comparison, [a, b], () => {
    out.fields([
      ['accuracy of A', percent(comparison.a.accuracy, 2)],
      ['accuracy of B', percent(comparison.b.accuracy, 2)],
      ['only A is right', String(comparison.only_a)],
      ['only B is right', String(comparison.only_b)],
      ['p (McNemar)', figure(comparison.p_value)],
    ]);
    if (comparison.classes.length === 0) return;
    out.line();
    out.table(
      ['CLASS', 'IMAGES', 'WON BY B', 'LOST BY B'],
      comparison.classes.map(({ name, images, won, lost }) => [
        plain(name),
        ...[images, won, lost].map(String),
      ]),
    );
  });
}

export async function cancelEvaluation({ strata, out }: Context, id: string): Promise<void> {
  const evaluation = await strata.evaluations.cancel(id);
  out.result(evaluation, [id], () => out.line(`✓ ${id} is ${evaluation.state}`));
}

export async function removeEvaluation({ strata, out }: Context, id: string): Promise<void> {
  await strata.evaluations.delete(id);
  out.note(`✓ ${id} is deleted`);
}
