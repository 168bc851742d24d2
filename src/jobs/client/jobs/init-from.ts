import { type FieldError, StrataError } from '../../../contract/errors.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../../contract/spec.js';
import type { BlobUri } from '../../../contract/trainer-protocol.js';
import { storesVariables } from '../../../method/methods.js';
import { type RestartPoint, restartPoints } from '../../../planning/tasks/restart-points.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';
import { readKeptWeights } from '../../store/kept-weights.js';

const POINTER = '/init_from/checkpoint';

/** `<job id>-<name>`: a job's id holds no dash. */
export function checkpointId(jobId: string, { name }: Pick<RestartPoint, 'name'>): string {
  return `${jobId}-${name}`;
}

/**
 * The blobs that a job which names a checkpoint starts from; null where it names none. They are touched, so that garbage
 * collection leaves them until the job's row refers to them (docs/adr/0009).
 * @throws StrataError invalid_spec where there is no such checkpoint, or the networks differ
 */
export async function resolveInitial(
  { db, blobs }: { readonly db: Database; readonly blobs: BlobStore },
  tenant: string,
  spec: ResolvedSpec,
  facts: DatasetFacts,
): Promise<BlobUri[] | null> {
  const wanted = spec.init_from?.checkpoint;
  if (wanted === undefined) return null;
  const [jobId = ''] = wanted.split('-', 1);
  const kept = await readKeptWeights(db, tenant, jobId);
  const point = kept && restartPoints(kept).find((candidate) => checkpointId(jobId, candidate) === wanted);
  if (!kept || !point) return refuse([{ pointer: POINTER, message: `there is no checkpoint '${wanted}'` }]);
  const problems = [...pointProblems(point), ...differences(kept, spec, facts)];
  if (problems.length > 0) return refuse(problems);
  const uris = point.parts.map(({ uri }) => uri);
  const there = await Promise.all(uris.map((uri) => blobs.touch(uri)));
  if (!there.every(Boolean)) {
    return refuse([{ pointer: POINTER, message: `the bytes of '${wanted}' are gone; take a later one` }]);
  }
  return uris;
}

function pointProblems({ startsJobs, kind }: RestartPoint): FieldError[] {
  if (startsJobs) return [];
  const why =
    kind === 'step'
      ? 'is of a task in work, or of one stage alone; take a round or the final network'
      : 'does not hold every stage; take a later one';
  return [{ pointer: POINTER, message: `this checkpoint ${why}` }];
}

/** Names, shapes and meaning of the weights must be the same. */
function differences(
  from: { readonly spec: ResolvedSpec; readonly facts: DatasetFacts },
  spec: ResolvedSpec,
  facts: DatasetFacts,
): FieldError[] {
  const fields = ['family', 'depth', 'width'] as const satisfies readonly (keyof JobSpec['model'])[];
  const problems = fields
    .filter((field) => from.spec.model[field] !== spec.model[field])
    .map((field) => ({
      pointer: `/model/${field}`,
      message: `the checkpoint's network has ${from.spec.model[field]}; use the same, or leave init_from out`,
    }));
  const { height, width, channels } = from.facts.image;
  const image = facts.image;
  if (height !== image.height || width !== image.width || channels !== image.channels) {
    const message = `the checkpoint's images are ${height}x${width}x${channels}; use a dataset of such images`;
    problems.push({ pointer: '/dataset', message });
  } else if (from.facts.classes.length !== facts.classes.length) {
    const message = `the checkpoint's network tells ${from.facts.classes.length} classes apart; use a dataset of as many`;
    problems.push({ pointer: '/dataset', message });
  }
  if (storesVariables(spec.method)) {
    const message =
      'stored variables begin at the untrained network; use another method, or leave init_from out';
    problems.push({ pointer: '/method/type', message });
  }
  return problems;
}

function refuse(errors: FieldError[]): never {
  throw new StrataError('invalid_spec', undefined, { errors });
}
