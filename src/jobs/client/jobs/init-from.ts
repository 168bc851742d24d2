import { type FieldError, StrataError } from '../../../contract/errors.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../../contract/spec.js';
import type { BlobUri } from '../../../contract/trainer-protocol.js';
import { storesVariables } from '../../../method/methods.js';
import { inputShape } from '../../../network/input-shape.js';
import type { SpecWarning } from '../../../planning/spec/warnings.js';
import { type RestartPoint, restartPoints } from '../../../planning/tasks/restart-points.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';
import { readKeptWeights } from '../../store/kept-weights.js';

const POINTER = '/init_from/checkpoint';

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

/**
 * The blobs from which a job starts. They are touched, so that garbage collection keeps them until the row of the job refers to
 * them (docs/adr/0009). @throws StrataError invalid_spec if the checkpoint does not exist, or if the networks differ
 */
export async function resolveInitial(
  { db, blobs }: { readonly db: Database; readonly blobs: BlobStore },
  tenant: string,
  spec: ResolvedSpec,
  facts: DatasetFacts,
): Promise<Initial> {
  if (spec.init_from === null) return { blobs: null, spec, warnings: [] };
  const { checkpoint: wanted } = spec.init_from;
  const [jobId = ''] = wanted.split('-', 1);
  const kept = await readKeptWeights(db, tenant, jobId);
  const point = kept && restartPoints(kept).find((candidate) => checkpointId(jobId, candidate) === wanted);
  if (!kept || !point) return refuse([{ pointer: POINTER, message: `there is no checkpoint '${wanted}'` }]);
  const problems = [
    ...pointProblems(point),
    ...differences(kept, spec, facts),
    ...headProblems(kept, spec, facts),
  ];
  if (problems.length > 0) return refuse(problems);
  const uris = point.parts.map(({ uri }) => uri);
  const there = await Promise.all(uris.map((uri) => blobs.touch(uri)));
  if (!there.every(Boolean)) {
    return refuse([
      { pointer: POINTER, message: `the stored bytes of '${wanted}' are missing; use a later checkpoint` },
    ]);
  }
  return { blobs: uris, ...withHead(kept, spec, spec.init_from, facts) };
}

function pointProblems({ startsJobs, kind }: RestartPoint): FieldError[] {
  if (startsJobs) return [];
  const why =
    kind === 'step'
      ? 'belongs to an unfinished task, or to one stage only; use the end of a round or the final network'
      : 'does not contain every stage; use a later one';
  return [{ pointer: POINTER, message: `this checkpoint ${why}` }];
}

/** Names, shapes and meaning of the weights must be equal. */
function differences(
  from: { readonly spec: ResolvedSpec; readonly facts: DatasetFacts },
  spec: ResolvedSpec,
  facts: DatasetFacts,
): FieldError[] {
  // Jobs from before there was a choice have no `padding`.
  const theirs = { ...from.spec.model, padding: from.spec.model.padding ?? 'same' };
  const fields = [
    'family',
    'depth',
    'width',
    'padding',
  ] as const satisfies readonly (keyof JobSpec['model'])[];
  const problems = fields
    .filter((field) => theirs[field] !== spec.model[field])
    .map((field) => ({
      pointer: `/model/${field}`,
      message: `the network of the checkpoint has ${theirs[field]}; use the same value, or leave init_from out`,
    }));
  const { height, width, channels } = inputShape(from.spec, from.facts);
  const image = inputShape(spec, facts);
  if (height !== image.height || width !== image.width || channels !== image.channels) {
    const resizes = facts.storage === 'encoded' && height === width && channels === image.channels;
    problems.push({
      pointer: resizes ? '/image_size' : '/dataset',
      message:
        `the network of the checkpoint was trained on images of ${height}x${width}x${channels}, this one would see ` +
        `${image.height}x${image.width}x${image.channels}; ${resizes ? `use ${height}` : 'use a dataset with images of this shape'}`,
    });
  }
  if (storesVariables(spec.method)) {
    const message =
      'stored variables start from the untrained network; use another method, or leave init_from out';
    problems.push({ pointer: '/method/type', message });
  }
  return problems;
}

type From = { readonly facts: DatasetFacts };

/** Whether the outputs of both networks mean the same classes. */
function hasSameClasses(from: From, facts: DatasetFacts): boolean {
  const { classes } = from.facts;
  return (
    classes.length === facts.classes.length && classes.every((name, index) => name === facts.classes[index])
  );
}

function headProblems(from: From, { init_from: start }: ResolvedSpec, facts: DatasetFacts): FieldError[] {
  const [theirs, ours] = [from.facts.classes.length, facts.classes.length];
  if (start?.head !== 'keep' || theirs === ours) return [];
  const message = `the head of the checkpoint has ${theirs} classes, the dataset has ${ours}; use "new" or "auto"`;
  return [{ pointer: '/init_from/head', message }];
}

/** `auto` keeps the head only for the same classes in the same order. */
function withHead(
  from: From,
  spec: ResolvedSpec,
  start: NonNullable<ResolvedSpec['init_from']>,
  facts: DatasetFacts,
): Pick<Initial, 'spec' | 'warnings'> {
  const fits = hasSameClasses(from, facts);
  const head = start.head === 'auto' ? (fits ? 'keep' : 'new') : start.head;
  const message =
    'the classes of the checkpoint are not those of the dataset, so the head starts from random weights. To keep the head, use "keep".';
  const warnings = start.head === 'auto' && !fits ? [{ pointer: '/init_from/head', message }] : [];
  return { spec: { ...spec, init_from: { ...start, head } }, warnings };
}

function refuse(errors: FieldError[]): never {
  throw new StrataError('invalid_spec', undefined, { errors });
}
