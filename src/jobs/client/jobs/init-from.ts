import { type FieldError, StrataError } from '../../../contract/errors.js';
import type { DatasetFacts, ResolvedSpec } from '../../../contract/spec.js';
import type { BlobUri } from '../../../contract/trainer-protocol.js';
import { inputShape } from '../../../network/input-shape.js';
import type { SpecWarning } from '../../../planning/spec/warnings.js';
import { type RestartPoint, restartPoints } from '../../../planning/tasks/restart-points.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';
import { readKeptWeights } from '../../store/kept-weights.js';
import { findWeights } from '../../store/weights.js';
import {
  headProblems,
  methodProblems,
  modelProblems,
  normalizationProblems,
  statisticsProblems,
  withHead,
  withNormalization,
  withStatistics,
} from './initial-problems.js';

/** `<job id>-<name>`. The id of a job contains no dash. */
export function checkpointId(jobId: string, { name }: Pick<RestartPoint, 'name'>): string {
  return `${jobId}-${name}`;
}

/** The weights that a job starts from. */
export interface Initial {
  /** Null: random weights. */
  readonly blobs: BlobUri[] | null;
  /** With the choice of the head made. */
  readonly spec: ResolvedSpec;
  readonly warnings: readonly SpecWarning[];
}

interface InitialParts {
  readonly db: Database;
  readonly blobs: BlobStore;
}

interface Wanted {
  readonly spec: ResolvedSpec;
  readonly facts: DatasetFacts;
  readonly start: NonNullable<ResolvedSpec['init_from']>;
  /** Id of the checkpoint, or of the weights. */
  readonly id: string;
}

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
  const { checkpoint = null, weights = null } = start;
  if (checkpoint !== null && weights === null)
    return fromCheckpoint(parts, tenant, { spec, facts, start, id: checkpoint });
  if (weights !== null && checkpoint === null)
    return fromWeights(parts, tenant, { spec, facts, start, id: weights });
  return refuse([{ pointer: '/init_from', message: 'use either `checkpoint` or `weights`' }]);
}

async function fromCheckpoint({ db, blobs }: InitialParts, tenant: string, wanted: Wanted): Promise<Initial> {
  const { spec, facts, start, id } = wanted;
  const pointer = '/init_from/checkpoint';
  const [jobId = ''] = id.split('-', 1);
  const kept = await readKeptWeights(db, tenant, jobId);
  const point = kept && restartPoints(kept).find((candidate) => checkpointId(jobId, candidate) === id);
  if (!kept || !point) return refuse([{ pointer, message: `there is no checkpoint '${id}'` }]);
  // Jobs from before there was a choice have no `padding`.
  const theirs = { ...kept.spec.model, padding: kept.spec.model.padding ?? 'same' };
  const keptTheirs = keepsStatistics(kept.spec, spec);
  const problems = [
    ...pointProblems(point).map((message) => ({ pointer, message })),
    ...modelProblems('checkpoint', theirs, spec),
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

/** Only jobs that froze the same batch norms, or more, have their statistics among the weights. */
function keepsStatistics(theirs: Pick<ResolvedSpec, 'freeze'>, { freeze }: ResolvedSpec): boolean {
  if (!freeze || !theirs.freeze) return false;
  return theirs.freeze.norm === 'frozen' && theirs.freeze.blocks >= freeze.blocks;
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
  const problems = [
    ...modelProblems('weights', row.network, spec),
    ...channelProblems(row.channels, inputShape(spec, facts).channels),
    ...methodProblems(spec),
    ...headProblems('weights', row.classes, spec, facts),
    ...normalizationProblems(row.layout, inputShape(spec, facts).channels, spec),
  ];
  if (problems.length > 0) return refuse(problems);
  if (!(await blobs.touch(row.uri)))
    return refuse([
      { pointer, message: `the stored bytes of '${id}' are missing; upload the weights again` },
    ]);
  const { spec: chosen, warnings } = withHead('weights', row.classNames, spec, start, facts);
  return { blobs: [row.uri], spec: withNormalization(withStatistics(chosen, true), row.layout), warnings };
}

/** Weights for colors also take gray images: trainers sum the first kernel over its colors. */
function channelProblems(theirs: number, ours: number): FieldError[] {
  if (theirs === ours || ours === 1) return [];
  const message = `the weights are for gray images, this dataset has ${ours} channels; use a dataset of gray images`;
  return [{ pointer: '/dataset', message }];
}

function refuse(errors: FieldError[]): never {
  throw new StrataError('invalid_spec', undefined, { errors });
}
