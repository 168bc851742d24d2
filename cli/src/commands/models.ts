import { readFile } from 'node:fs/promises';
import { answered, type components, type Model } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { figure, moment, percent, plain } from '../format.js';
import { idOf } from '../ids.js';
import { jobIdOf } from '../last-job.js';

type Schemas = components['schemas'];

const MODEL = /^model_/;

/** MODEL is an id, an unambiguous part of one, or `@last`: the model of the last job. */
export async function modelIdOf(context: Context, text: string): Promise<string> {
  if (text.startsWith('@')) return modelOfJob(context, text);
  return idOf('model', text, () => context.strata.models.all({ limit: 100 }));
}

async function modelOfJob(context: Context, text: string): Promise<string> {
  const job = await context.strata.jobs.get(await jobIdOf(context, text));
  const id = job.result?.model_id;
  if (id) return id;
  throw new CliError(EXIT.failed, `Job ${job.id} is ${job.state} and has no model.`);
}

export interface ModelsOptions {
  readonly name?: string;
  readonly dataset?: string;
  readonly tag?: string;
  readonly orderBy?: 'accuracy' | 'created_at';
  readonly limit?: number;
  readonly after?: string;
}

export async function listModels(context: Context, options: ModelsOptions): Promise<void> {
  const { strata, out } = context;
  const { orderBy, ...others } = options;
  const list = await strata.models.list({ ...others, ...(orderBy && { order_by: orderBy }) });
  out.result(
    list,
    list.data.map(({ id }) => id),
    () => {
      if (list.data.length === 0) return out.note('No models.');
      out.table(['ID', 'NAME', 'ACCURACY', 'TAGS', 'DATASET', 'CREATED'], list.data.map(rowOf));
      if (list.next !== null) out.note(`More: strata models list --after ${list.next}`);
    },
  );
}

function rowOf({ id, name, test_accuracy: accuracy, tags, dataset, created_at: at }: Model): string[] {
  return [id, plain(name), percent(accuracy), tags.join(','), plain(dataset.name), moment(at)];
}

export async function showModel(context: Context, text: string): Promise<void> {
  const { out, strata } = context;
  const model = await strata.models.get(await modelIdOf(context, text));
  out.result(model, [model.id], () => {
    out.fields([
      ['id', model.id],
      ['name', plain(model.name)],
      ['description', plain(model.description)],
      ['tags', model.tags.join(', ')],
      ['job', model.job_id],
      ['dataset', plain(model.dataset.name)],
      ['classes', model.classes.map(plain).join(', ')],
      ['created', moment(model.created_at)],
    ]);
    out.line();
    out.table(['VARIANT', 'ACCURACY', 'PARAMETERS', 'PREDICTS', 'FORMATS'], model.variants.map(rowOfVariant));
  });
}

function rowOfVariant(variant: Schemas['ModelVariant']): string[] {
  const { test_accuracy: accuracy, parameters, predicts, formats } = variant;
  const names = formats.map(({ format }) => format).join(', ');
  return [variant.variant, percent(accuracy, 2), String(parameters), predicts ? 'yes' : 'no', names];
}

export async function tagModel(context: Context, text: string, tag: string): Promise<void> {
  const model = await context.strata.models.tag(await modelIdOf(context, text), tag);
  context.out.result(model, [model.id], () =>
    context.out.line(`✓ ${model.id} has the tags ${model.tags.join(', ')}`),
  );
}

export async function untagModel(context: Context, text: string, tag: string): Promise<void> {
  const id = await modelIdOf(context, text);
  await context.strata.models.untag(id, tag);
  context.out.note(`✓ ${id} no longer has the tag ${tag}`);
}

export async function removeModel(context: Context, text: string): Promise<void> {
  const id = await modelIdOf(context, text);
  await context.strata.models.delete(id);
  context.out.note(`✓ ${id} and its files are deleted`);
}

export interface PredictOptions {
  readonly top?: number;
  readonly variant?: Schemas['ModelVariantName'];
}

export async function predict(
  context: Context,
  text: string,
  files: readonly string[],
  { top, variant }: PredictOptions,
): Promise<void> {
  const { strata, out } = context;
  const images = await Promise.all(files.map(readImage));
  const id = await modelIdOf(context, text);
  const query = { ...(top !== undefined && { top_k: top }), ...(variant && { variant }) };
  const prediction = await strata.models.predict(id, images, query);
  const best = prediction.data.map(({ classes }) => classes[0]?.name ?? '');
  out.result(prediction, best, () => {
    for (const [index, { classes }] of prediction.data.entries()) {
      if (files.length > 1) out.line(files[index]);
      for (const { name, probability } of classes)
        out.line(`${percent(probability).padStart(8)}  ${plain(name)}`);
    }
  });
}

function readImage(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(EXIT.usage, `${path} cannot be read (${error.code}).`);
  });
}

/** Compares the models of two jobs, or two models. */
export async function compare(context: Context, first: string, second: string): Promise<void> {
  const { strata, out } = context;
  const idOfEither = (text: string) =>
    MODEL.test(text) ? modelIdOf(context, text) : modelOfJob(context, text);
  const [a, b] = [await idOfEither(first), await idOfEither(second)];
  const comparison = await answered(strata.http.GET('/models/compare', { params: { query: { a, b } } }));
  out.result(comparison, [a, b], () => show(out, comparison));
}

function show(out: Context['out'], { a, b, spec, figures }: Schemas['ModelComparison']): void {
  const text = (value: unknown) => (typeof value === 'string' ? plain(value) : JSON.stringify(value));
  out.table(
    ['', `A ${plain(a.name)}`, `B ${plain(b.name)}`, 'B - A'],
    [
      ...figures.map((each) => [each.name, figure(each.a), figure(each.b), figure(each.difference, 3)]),
      ...spec.map((each) => [each.pointer, text(each.a), text(each.b), '']),
    ],
  );
}
