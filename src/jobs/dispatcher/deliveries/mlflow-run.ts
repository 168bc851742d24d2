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

/** Tag that marks the run of a job, so that it is found again. */
export const JOB_TAG = 'strata.job_id';

/** Limits of MLflow (mlflow/utils/validation.py). */
const MAX_KEY = 250;
const MAX_PARAM = 6_000;
const MAX_TAG = 5_000;

/** Fields that describe a run and are not settings, so they are not parameters. */
const NO_PARAMS = ['name', 'metadata', 'trackers'];

/** The spec of a job as one parameter per setting: `model.depth`, `method.stages`, ... Null values are left out. */
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
  return [{ key, value: text.slice(0, MAX_PARAM) }];
}

/** The metadata of the job under the user's names, and Strata's data about the job under `strata.`. */
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
  ].map(({ key, value }) => ({ key, value: value.slice(0, MAX_TAG) }));
}

/** MLflow shows this note above the run, as Markdown. */
function noteOf({ id, artifacts }: Subject): string {
  const line = ({ id: artifactId, name, sizeBytes, sha256 }: Artifact) =>
    `- ${name}: ${sizeBytes} bytes, \`/artifacts/${artifactId}/content\`, sha256 ${sha256}`;
  return [
    `Strata job ${id}. Download its artifacts from the address of the Strata API:`,
    '',
    ...artifacts.map(line),
  ].join('\n');
}

/** MLflow allows letters, digits and a few signs in keys. */
const keyOf = (name: string): string => name.replaceAll(/[^\w.\- /:]/g, '_').slice(0, MAX_KEY);

/** Metric names as in TensorBoard's event files: `loss/stage_0`, or the plain name for the whole network. */
export function metricOf({ name, stage, step, value, at }: PointRow): MlflowMetric {
  const key = stage === WHOLE_NETWORK ? name : `${name}/stage_${stage}`;
  return { key, value, timestamp: at.getTime(), step };
}

export function statusOf(state: JobState): 'FINISHED' | 'FAILED' | 'KILLED' {
  if (state === 'succeeded') return 'FINISHED';
  return state === 'cancelled' ? 'KILLED' : 'FAILED';
}
