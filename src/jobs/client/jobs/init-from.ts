import { type FieldError, StrataError } from '../../../contract/errors.js';
import type { DatasetFacts, JobSpec, ResolvedSpec } from '../../../contract/spec.js';
import type { BlobUri } from '../../../contract/trainer-protocol.js';
import { storesVariables } from '../../../method/methods.js';
import { type RestartPoint, restartPoints } from '../../../planning/tasks/restart-points.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';
import { readKeptWeights } from '../../store/kept-weights.js';

const POINTER = '/init_from/checkpoint';

/** `<job id>-<name>`. The id of a job contains no dash. */
export function checkpointId(jobId: string, { name }: Pick<RestartPoint, 'name'>): string {
  return `${jobId}-${name}`;
}

/**
 * The blobs from which a job starts; null if it names no checkpoint. They are touched, so that garbage collection
 * keeps them until the row of the job refers to them (docs/adr/0009). @throws StrataError invalid_spec if the
 * checkpoint does not exist, or if the networks differ
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
    return refuse([
      { pointer: POINTER, message: `the stored bytes of '${wanted}' are missing; use a later checkpoint` },
    ]);
  }
  return uris;
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
  const fields = ['family', 'depth', 'width'] as const satisfies readonly (keyof JobSpec['model'])[];
  const problems = fields
    .filter((field) => from.spec.model[field] !== spec.model[field])
    .map((field) => ({
      pointer: `/model/${field}`,
      message: `the network of the checkpoint has ${from.spec.model[field]}; use the same value, or leave init_from out`,
    }));
  const { height, width, channels } = from.facts.image;
  const image = facts.image;
  if (height !== image.height || width !== image.width || channels !== image.channels) {
    const message = `the images of the checkpoint are ${height}x${width}x${channels}; use a dataset with images of this shape`;
    problems.push({ pointer: '/dataset', message });
  } else if (from.facts.classes.length !== facts.classes.length) {
    const message = `the network of the checkpoint has ${from.facts.classes.length} classes; use a dataset with the same number of classes`;
    problems.push({ pointer: '/dataset', message });
  }
  if (storesVariables(spec.method)) {
    const message =
      'stored variables start from the untrained network; use another method, or leave init_from out';
    problems.push({ pointer: '/method/type', message });
  }
  return problems;
}

function refuse(errors: FieldError[]): never {
  throw new StrataError('invalid_spec', undefined, { errors });
}
