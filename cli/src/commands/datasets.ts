import { setTimeout as delay } from 'node:timers/promises';
import { answered, type components, type DatasetRequest } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit.js';
import { moment, percent, plain } from '../format.js';
import { saying } from '../interrupt.js';
import { sendFile } from '../transfer/send-file.js';

type Dataset = components['schemas']['Dataset'];

export async function listDatasets({ strata, out }: Context): Promise<void> {
  const list = await answered(strata.http.GET('/datasets', { params: { query: { limit: 100 } } }));
  const ids = list.data.map(({ id }) => id);
  out.result(list, ids, () => out.table(['ID', 'NAME', 'STATE', 'IMAGES', 'CLASSES'], list.data.map(rowOf)));
}

function rowOf({ id, name, state, splits, classes }: Dataset): string[] {
  const count = splits.train.count + splits.validation.count + splits.test.count;
  return [id, plain(name), state, count === 0 ? '-' : String(count), String(classes.length || '-')];
}

/** @param name its id, or its name */
export async function showDataset({ strata, out }: Context, name: string): Promise<void> {
  const dataset = await strata.datasets.get(name);
  out.result(dataset, [dataset.id], () => show(out, dataset));
}

const PROBLEMS_SHOWN = 10;

function show(out: Context['out'], dataset: Dataset): void {
  const { image, splits, problems, problem_count: count } = dataset;
  out.fields([
    ['id', dataset.id],
    ['name', plain(dataset.name)],
    ['state', dataset.state],
    ['progress', dataset.progress && percent(dataset.progress.share, 0)],
    ['format', dataset.format],
    [
      'images',
      `${splits.train.count} train, ${splits.validation.count} validation, ${splits.test.count} test`,
    ],
    ['size', image && `${image.height} x ${image.width} x ${image.channels}`],
    ['classes', dataset.classes.map(plain).join(', ')],
    ['sha256', dataset.sha256],
    ['created', dataset.built_in ? null : moment(dataset.created_at)],
  ]);
  for (const { severity, code, message, file } of problems.slice(0, PROBLEMS_SHOWN))
    out.line(`${severity}: ${file === null ? '' : `${plain(file)}: `}${plain(message)} (${code})`);
  if (count > PROBLEMS_SHOWN) out.line(`… and ${count - PROBLEMS_SHOWN} more`);
}

export interface UploadOptions {
  readonly name?: string;
  readonly format?: Dataset['format'] & DatasetRequest['format'];
  readonly layout?: NonNullable<DatasetRequest['layout']>;
  readonly root?: string;
  readonly classOrder?: NonNullable<DatasetRequest['class_order']>;
  readonly testShare?: number;
  /** `--no-wait` makes it false. */
  readonly wait: boolean;
}

const LOOK_MS = 1_000;

/** Sends an archive in pieces, going on where an earlier try ended, and waits until it is checked. */
export async function uploadDataset(
  context: Context,
  file: string,
  options: UploadOptions,
): Promise<ExitCode> {
  const { strata, out } = context;
  const upload = await sendFile(context, file);
  const { format, layout, root, classOrder, testShare } = options;
  let dataset = await strata.datasets.create({
    name: options.name ?? nameOf(file),
    upload: upload.id,
    ...(format && { format }),
    ...(layout && { layout }),
    ...(root !== undefined && { root }),
    ...(classOrder && { class_order: classOrder }),
    ...(testShare !== undefined && { test_share: testShare }),
  });
  await upload.forget();
  saying(() => out.warn(`\nThe server goes on. Look with: strata datasets show ${dataset.id}`));
  while (options.wait && dataset.state === 'validating') {
    await delay(LOOK_MS, undefined, { signal: context.deadline });
    dataset = await strata.datasets.get(dataset.id);
  }
  out.result(dataset, [dataset.id], () => show(out, dataset));
  return dataset.state === 'failed' ? EXIT.failed : EXIT.done;
}

/** `flowers` of `/tmp/flowers.tar.gz`. */
function nameOf(file: string): string {
  const name = file.split('/').at(-1) ?? file;
  return name.replace(/(\.tar)?\.[A-Za-z0-9]+$/, '') || name;
}

export async function removeDataset({ strata, out }: Context, name: string): Promise<void> {
  await strata.datasets.delete(name);
  out.note(`✓ dataset ${name} is deleted`);
}
