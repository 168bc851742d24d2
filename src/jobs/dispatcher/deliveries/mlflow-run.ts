import type { JobState } from '../../../contract/states.js';
import { type PointRow, WHOLE_NETWORK } from '../../store/metrics.js';
import type { Artifact } from '../../store/rows.js';
import type { Subject } from './subject.js';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

export interface MlflowMetric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly step: number;
}

/** Marks the run of a job: it is found again by this. */
export const JOB_TAG = 'strata.job_id';

/** What MLflow takes (mlflow/utils/validation.py). */
const MOST_KEY = 250;
const MOST_PARAM = 6_000;
const MOST_TAG = 5_000;

/** Where a run is a label and no setting, it is no parameter. */
const NO_PARAMS = ['name', 'metadata', 'trackers'];

/** A job's spec, a parameter a setting: `model.depth`, `method.stages`, ... Nulls are left out. */
export function paramsOf({ spec, datasetSha256 }: Subject): KeyValue[] {
  const settings = Object.entries(spec).filter(([name]) => !NO_PARAMS.includes(name));
  const flat = settings.flatMap(([name, value]) => flatten(name, value));
  return datasetSha256 ? [...flat, { key: 'dataset_sha256', value: datasetSha256 }] : flat;
}

function flatten(key: string, value: unknown): KeyValue[] {
  if (value === null || value === undefined) return [];
  if (typeof value === 'object' && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([name, inner]) => flatten(`${key}.${name}`, inner));
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return [{ key, value: text.slice(0, MOST_PARAM) }];
}

/** The job's metadata as the user named them, and what Strata says of the job under `strata.`. */
export function tagsOf(subject: Subject): KeyValue[] {
  const { id, state, metadata, error } = subject;
  const own = Object.entries(metadata).map(([name, value]) => ({ key: keyOf(name), value }));
  return [
    ...own.filter(({ key }) => !/^(mlflow|strata)\./.test(key)),
    { key: JOB_TAG, value: id },
    { key: 'strata.job', value: `/jobs/${id}` },
    { key: 'strata.state', value: state },
    ...(error ? [{ key: 'strata.error', value: `${error.code}: ${error.message}` }] : []),
    { key: 'mlflow.note.content', value: noteOf(subject) },
  ].map(({ key, value }) => ({ key, value: value.slice(0, MOST_TAG) }));
}

/** MLflow shows it above the run, as Markdown. */
function noteOf({ id, artifacts }: Subject): string {
  const line = ({ id: artifactId, name, sizeBytes, sha256 }: Artifact) =>
    `- ${name}: ${sizeBytes} bytes, \`/artifacts/${artifactId}/content\`, sha256 ${sha256}`;
  return [
    `Strata job ${id}. Its artifacts, at the address of Strata's API:`,
    '',
    ...artifacts.map(line),
  ].join('\n');
}

/** MLflow's keys are letters, digits and a few signs. */
const keyOf = (name: string): string => name.replaceAll(/[^\w.\- /:]/g, '_').slice(0, MOST_KEY);

/** `loss/stage_0`, as TensorBoard's event file has it; of the whole network the plain name. */
export function metricOf({ name, stage, step, value, at }: PointRow): MlflowMetric {
  const key = stage === WHOLE_NETWORK ? name : `${name}/stage_${stage}`;
  return { key, value, timestamp: at.getTime(), step };
}

export function statusOf(state: JobState): 'FINISHED' | 'FAILED' | 'KILLED' {
  if (state === 'succeeded') return 'FINISHED';
  return state === 'cancelled' ? 'KILLED' : 'FAILED';
}
