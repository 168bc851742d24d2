import type { NetworkFigures, TaskWarning } from '../../../contract/trainer-protocol.js';
import type { SplitReader } from '../../data/index.js';
import { type Exported, type ExportFormat, measureLatency } from '../../export/index.js';
import type { TaskContext } from '../context.js';

type ExportFigures = NetworkFigures['exports'][number];

/** Figures of the files of one format, for the result of a job. */
export async function exportFigures(
  format: ExportFormat,
  {
    artifacts,
    maxDifference,
    rounded,
  }: Pick<Exported, 'maxDifference' | 'rounded'> & {
    readonly artifacts: readonly { readonly size_bytes: number }[];
  },
  test: SplitReader,
  {
    assignment,
    now,
  }: Pick<TaskContext, 'now'> & {
    readonly assignment: { readonly spec: Pick<TaskContext['assignment']['spec'], 'export_options'> };
  },
): Promise<ExportFigures> {
  const sizeBytes = artifacts.reduce((sum, file) => sum + file.size_bytes, 0);
  const figures = { format, size_bytes: sizeBytes, max_difference: maxDifference };
  if (!rounded) return { ...figures, rounded };
  const { images, accuracy, trainedAccuracy, onnx } = rounded;
  const stored = trainedAccuracy - accuracy <= assignment.spec.export_options.max_accuracy_drop;
  const latency = onnx && (await measureLatency(onnx, test, now));
  return { ...figures, rounded: { images, accuracy, trained_accuracy: trainedAccuracy, stored, latency } };
}

/** The warning about a file that is not stored, because it classifies too few images correctly; null for all others. */
export function inaccurateExport(
  network: NetworkFigures['name'],
  { format, rounded }: ExportFigures,
): TaskWarning | null {
  if (!rounded || rounded.stored) return null;
  const { images, accuracy, trained_accuracy: trained } = rounded;
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return {
    code: 'export_inaccurate',
    message:
      `${format} of the ${network} network classifies ${percent(accuracy)} of ${images} test images correctly, the trained network ` +
      `${percent(trained)}, so its file is not stored; raise export_options.max_accuracy_drop, or use another format`,
    stage: null,
    step: null,
    value: trained - accuracy,
  };
}
