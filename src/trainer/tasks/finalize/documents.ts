import type {
  ArtifactOutput,
  MetricHistory,
  MetricSample,
  NetworkFigures,
} from '../../../contract/trainer-protocol.js';
import { codeVersion, drawCurves, encodeEventFile, modelCard } from '../../documents/index.js';
import { describeRuntime } from '../../runtime/index.js';
import { requiredInput, type TaskContext } from '../context.js';

const CURVES = 'curves.svg';
/** TensorBoard requires `tfevents` in the file name. */
const EVENTS = 'tensorboard/events.out.tfevents.strata';

/**
 * Stores the documents about the model: README.md (a model card), curves.svg, and a TensorBoard event file with
 * every metric of the job, including those of the finalizer.
 * @param metrics of the earlier tasks
 */
export async function writeDocuments(
  context: TaskContext,
  metrics: MetricHistory,
  result: Readonly<Record<string, number>>,
  networks: readonly NetworkFigures[],
  finals: readonly MetricSample[],
): Promise<ArtifactOutput[]> {
  const { job_id: jobId, spec, dataset, round: endedAfter } = context.assignment;
  const history = withFinals(metrics, finals);
  const curves = drawCurves(history);
  const datasetDigest = requiredInput(context, 'dataset');
  const card = modelCard({
    ...{ jobId, spec, dataset, datasetDigest, networks, result, history, endedAfter },
    codeVersion: codeVersion(),
    runtime: describeRuntime(),
    curves: curves && CURVES,
  });
  const store = async (name: string, media_type: string, bytes: Uint8Array): Promise<ArtifactOutput> => ({
    name,
    kind: 'report',
    media_type,
    ...(await context.blobs.put(bytes)),
  });
  const text = (content: string) => new TextEncoder().encode(content);
  return [
    await store('README.md', 'text/markdown', text(card)),
    ...(curves ? [await store(CURVES, 'image/svg+xml', text(curves))] : []),
    await store(EVENTS, 'application/octet-stream', encodeEventFile(history)),
  ];
}

/**
 * Adds the last points of the curves, which belong to this task. Their time is its start, because a trainer has no
 * clock.
 */
function withFinals(history: MetricHistory, finals: readonly MetricSample[]): MetricHistory {
  const series = new Map(history.series.map((one) => [`${one.name}/${one.stage}`, one]));
  for (const { name, stage, step, value } of finals) {
    const key = `${name}/${stage}`;
    const before = series.get(key)?.points.filter((point) => point[0] < step) ?? [];
    series.set(key, { name, stage, points: [...before, [step, value, history.at]] });
  }
  return { ...history, series: [...series.values()] };
}
