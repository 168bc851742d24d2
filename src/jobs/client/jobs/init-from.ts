import type { FieldError } from '../../../contract/errors.js';
import type { DatasetFacts, ResolvedSpec } from '../../../contract/spec.js';
import { modelAt } from '../../../method/run.js';
import { inputShape } from '../../../network/input-shape.js';
import { normalizationOf } from '../../../network/layouts/index.js';
import {
  type KeptWeights,
  type RestartPoint,
  restartPoints,
} from '../../../planning/tasks/restart-points.js';
import { readKeptWeights } from '../../store/kept-weights.js';
import { findWeights } from '../../store/weights.js';
import { type Initial, type InitialParts, refuse, type Wanted } from './initial.js';
import {
  channelProblems,
  headProblems,
  INITIAL_SOURCES,
  keepsStatistics,
  methodProblems,
  modelProblems,
  normalizationProblems,
  paddedModel,
  statisticsProblems,
  withHead,
  withNormalization,
  withStatistics,
} from './initial-problems.js';
import { fromModel } from './start-from-model.js';

/** `<job id>-<name>`. The id of a job contains no dash. */
export function checkpointId(jobId: string, { name }: Pick<RestartPoint, 'name'>): string {
  return `${jobId}-${name}`;
}

const SOURCES = { checkpoint: fromCheckpoint, model: fromModel, weights: fromWeights } as const;

/**
 * The blobs from which a job starts. They are touched, so that garbage collection keeps them until the row of the job refers to
 * them (docs/adr/0009). @throws StrataError invalid_spec if they do not exist, or if the networks differ
 */
export async function resolveInitial(
  parts: InitialParts,
  tenant: string,
  spec: ResolvedSpec,
  facts: DatasetFacts,
): Promise<Initial> {
  const { init_from: start } = spec;
  if (start === null) return { blobs: null, spec, warnings: [] };
  const named = INITIAL_SOURCES.flatMap((source) => {
    const id = start[source] ?? null;
    return id === null ? [] : [{ source, id }];
  });
  const [only, ...others] = named;
  if (only === undefined || others.length > 0)
    return refuse([{ pointer: '/init_from', message: 'use one of `checkpoint`, `model` and `weights`' }]);
  return SOURCES[only.source](parts, tenant, { spec, facts, start, id: only.id });
}

async function fromCheckpoint({ db, blobs }: InitialParts, tenant: string, wanted: Wanted): Promise<Initial> {
  const { spec, facts, start, id } = wanted;
  const pointer = '/init_from/checkpoint';
  const [jobId = ''] = id.split('-', 1);
  const kept = await readKeptWeights(db, tenant, jobId);
  const point = kept && restartPoints(kept).find((candidate) => checkpointId(jobId, candidate) === id);
  if (!kept || !point) return refuse([{ pointer, message: `there is no checkpoint '${id}'` }]);
  const keptTheirs = keepsStatistics(kept.spec, spec);
  const problems = [
    ...pointProblems(point).map((message) => ({ pointer, message })),
    ...modelProblems('checkpoint', modelOf(kept, point), spec),
    ...imageProblems(kept, spec, facts),
    ...methodProblems(spec),
    ...headProblems('checkpoint', kept.facts.classes.length, spec, facts),
    ...statisticsProblems('checkpoint', keptTheirs, spec),
  ];
  if (problems.length > 0) return refuse(problems);
  const uris = point.parts.map(({ uri }) => uri);
  const there = await Promise.all(uris.map((uri) => blobs.touch(uri)));
  if (!there.every(Boolean))
    return refuse([{ pointer, message: `the stored bytes of '${id}' are missing; use a later checkpoint` }]);
  const { spec: chosen, warnings } = withHead('checkpoint', kept.facts.classes, spec, start, facts);
  return { blobs: uris, spec: withStatistics(chosen, keptTheirs), warnings };
}

/** The network of a checkpoint: that of its last step. */
function modelOf({ spec, facts }: KeptWeights, { step }: RestartPoint): ResolvedSpec['model'] {
  return modelAt({ ...spec, model: paddedModel(spec) }, facts, step - 1);
}

function pointProblems({ startsJobs, kind }: RestartPoint): string[] {
  if (startsJobs) return [];
  const why =
    kind === 'step'
      ? 'belongs to an unfinished task, or to one stage only; use the end of a round or the final network'
      : 'does not contain every stage; use a later one';
  return [`this checkpoint ${why}`];
}

/** Both networks must see images of one shape. */
function imageProblems(
  from: { readonly spec: ResolvedSpec; readonly facts: DatasetFacts },
  spec: ResolvedSpec,
  facts: DatasetFacts,
): FieldError[] {
  const { height, width, channels } = inputShape(from.spec, from.facts);
  const image = inputShape(spec, facts);
  if (height === image.height && width === image.width && channels === image.channels) return [];
  const resizes = facts.storage === 'encoded' && height === width && channels === image.channels;
  const message =
    `the network of the checkpoint was trained on images of ${height}x${width}x${channels}, this one would see ` +
    `${image.height}x${image.width}x${image.channels}; ${resizes ? `use ${height}` : 'use a dataset with images of this shape'}`;
  return [{ pointer: resizes ? '/image_size' : '/dataset', message }];
}

async function fromWeights({ db, blobs }: InitialParts, tenant: string, wanted: Wanted): Promise<Initial> {
  const { spec, facts, start, id } = wanted;
  const pointer = '/init_from/weights';
  const row = await findWeights(db, tenant, id);
  if (row === null) return refuse([{ pointer, message: `there are no weights '${id}'` }]);
  const { channels } = inputShape(spec, facts);
  const normalization = normalizationOf(row.layout);
  const problems = [
    ...modelProblems('weights', row.network, spec),
    ...channelProblems('weights', row.channels, channels),
    ...methodProblems(spec),
    ...headProblems('weights', row.classes, spec, facts),
    ...normalizationProblems('weights', normalization, channels, spec),
  ];
  if (problems.length > 0) return refuse(problems);
  if (!(await blobs.touch(row.uri)))
    return refuse([
      { pointer, message: `the stored bytes of '${id}' are missing; upload the weights again` },
    ]);
  const { spec: chosen, warnings } = withHead('weights', row.classNames, spec, start, facts);
  return { blobs: [row.uri], spec: withNormalization(withStatistics(chosen, true), normalization), warnings };
}
