import { OutgoingError } from '../../outgoing/target.js';
import type { PointRow } from '../../store/metrics.js';
import type { ClaimedExport, ExportedRun } from '../../store/tracker-exports.js';
import type { Ask } from './ask.js';
import { API, at, notMlflow, read } from './mlflow-answers.js';
import {
  JOB_TAG,
  type KeyValue,
  type MlflowMetric,
  metricOf,
  paramsOf,
  statusOf,
  tagsOf,
} from './mlflow-run.js';
import type { Subject } from './subject.js';

/** Maximum number of metrics in one `runs/log-batch`. */
const MAX_METRICS = 1_000;
const MAX_PARAMS = 100;

type Target = Pick<ClaimedExport, 'trackingUri' | 'experiment'>;

/**
 * Writes a finished job as a run of an MLflow experiment: parameters, tags, every metric with step and time, and
 * the status. Repeating it changes nothing: the run is found by its tag, and MLflow keeps one of equal metric
 * points. @throws OutgoingError with the tracker's response
 */
export async function exportToMlflow(target: Target, subject: Subject, ask: Ask): Promise<ExportedRun> {
  const mlflow = new Mlflow(ask);
  const run = await describeRun(mlflow, target, subject);
  await logPoints(mlflow, run.runId, subject.points());
  const end_time = subject.finishedAt.getTime();
  await mlflow.post('/runs/update', { run_id: run.runId, status: statusOf(subject.state), end_time });
  return run;
}

/**
 * Adds points of a running job to its run, which it makes if there is none. MLflow shows it as running.
 * @param known the run of an earlier part
 */
export async function addToMlflow(
  target: Target,
  subject: Subject,
  points: readonly PointRow[],
  known: ExportedRun | null,
  ask: Ask,
): Promise<ExportedRun> {
  const mlflow = new Mlflow(ask);
  const run = known ?? (await describeRun(mlflow, target, subject));
  await logPoints(mlflow, run.runId, points);
  return run;
}

/** Finds or makes the run, and writes its parameters and tags. */
async function describeRun(
  mlflow: Mlflow,
  { trackingUri, experiment }: Target,
  subject: Subject,
): Promise<ExportedRun> {
  const experimentId = await mlflow.experimentNamed(experiment);
  const runId = await mlflow.runOf(experimentId, subject);
  const [first, ...more] = chunks(paramsOf(subject), MAX_PARAMS);
  await mlflow.post('/runs/log-batch', { run_id: runId, params: first ?? [], tags: tagsOf(subject) });
  for (const params of more) await mlflow.post('/runs/log-batch', { run_id: runId, params });
  return { runId, runUrl: `${trackingUri.replace(/\/+$/, '')}/#/experiments/${experimentId}/runs/${runId}` };
}

async function logPoints(
  mlflow: Mlflow,
  runId: string,
  points: Iterable<PointRow> | AsyncIterable<PointRow>,
): Promise<void> {
  let metrics: MlflowMetric[] = [];
  const flush = async () => {
    if (metrics.length > 0) await mlflow.post('/runs/log-batch', { run_id: runId, metrics });
    metrics = [];
  };
  for await (const point of points) {
    metrics.push(metricOf(point));
    if (metrics.length === MAX_METRICS) await flush();
  }
  await flush();
}

class Mlflow {
  constructor(private readonly ask: Ask) {}

  async experimentNamed(name: string): Promise<string> {
    const path = `/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    const named = ['experiment', 'experiment_id'];
    const found = await this.ask('GET', API + path);
    if (found.status !== 404) return idAt(read(found, path), named, path);
    const made = await this.ask('POST', `${API}/experiments/create`, { name });
    if (made.status < 300)
      return idAt(read(made, '/experiments/create'), ['experiment_id'], '/experiments/create');
    // Another export may have created it in the meantime. If not, this request returns the error.
    return idAt(read(await this.ask('GET', API + path), '/experiments/create', made), named, path);
  }

  /**
   * Finds the run of a job, or creates it. If a sender was frozen for longer than its claim, two senders may each
   * create a run. Then both keep the same run and delete the others.
   */
  async runOf(experimentId: string, subject: Subject): Promise<string> {
    if ((await this.#runIds(experimentId, subject.id)).length === 0)
      await this.#create(experimentId, subject);
    const [kept, ...others] = (await this.#runIds(experimentId, subject.id)).sort();
    if (kept === undefined) throw new OutgoingError('created a run, but does not find it again');
    for (const run_id of others) await this.post('/runs/delete', { run_id });
    return kept;
  }

  async #runIds(experimentId: string, jobId: string): Promise<string[]> {
    const path = '/runs/search';
    const found = await this.post(path, {
      experiment_ids: [experimentId],
      filter: `tags.\`${JOB_TAG}\` = '${jobId}'`,
      max_results: 100,
    });
    const runs = at(found, ['runs']) ?? [];
    if (!Array.isArray(runs)) notMlflow(path);
    return runs.map((run) => idAt(run, ['info', 'run_id'], path));
  }

  async #create(experiment_id: string, { id, name, startedAt }: Subject): Promise<void> {
    const tags: KeyValue[] = [{ key: JOB_TAG, value: id }];
    const start_time = startedAt.getTime();
    await this.post('/runs/create', { experiment_id, run_name: name || id, start_time, tags });
  }

  async post(path: string, body: object): Promise<unknown> {
    return read(await this.ask('POST', API + path, body), path);
  }
}

/** Ids of experiments and runs are shown to the tenant. */
const ID = /^[\w-]{1,64}$/;

function idAt(answer: unknown, names: readonly string[], path: string): string {
  const id = at(answer, names);
  return typeof id === 'string' && ID.test(id) ? id : notMlflow(path);
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
