import type { components, Job, StrataClient } from '../../../../client/src/index.js';
import type { Part } from '../../../provision/progress.js';
import { describeParts } from '../../setup.js';
import type { ExportedFile } from './exports.js';
import { type BusyTime, stageOverlap } from './overlap.js';

type Schemas = components['schemas'];

/** Summary of a finished job. */
export async function summarise(
  client: StrataClient,
  job: Job,
  parts: readonly Part[],
  files: readonly ExportedFile[],
): Promise<string> {
  const tasks = await client.jobs.tasks(job.id);
  const losses = await client.jobs.metrics(job.id, { name: ['loss'] });
  return [
    'Set-up',
    parts.length > 0 ? describeParts(parts) : '  nothing to do',
    'Result',
    ...results(job),
    ...lastLosses(losses),
    ...timing(job, tasks),
    'Exported',
    ...files.map((file) => `  ${file.path}  (${(file.bytes / 1000).toFixed(1)} kB)\n    ${file.url}`),
  ].join('\n');
}

function results(job: Job): string[] {
  const { result } = job;
  if (!result) return [];
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  return [
    row('test accuracy, joined network', percent(result.test_accuracy)),
    ...(result.compact_accuracy === null
      ? []
      : [row('test accuracy, compact network', percent(result.compact_accuracy))]),
    row('test loss', result.test_loss.toFixed(4)),
  ];
}

/** The loss of each stage, from its own forward pass, at its last step of the layer-parallel phase. */
function lastLosses(series: readonly Schemas['MetricSeries'][]): string[] {
  return [...series]
    .sort((a, b) => (a.stage ?? Number.POSITIVE_INFINITY) - (b.stage ?? Number.POSITIVE_INFINITY))
    .map(({ stage, points }) => {
      const name = stage === null ? 'last loss, end-to-end phase' : `last loss, stage ${stage}`;
      return row(name, Number(points.at(-1)?.[1]).toFixed(4));
    });
}

function timing(job: Job, tasks: readonly Schemas['Task'][]): string[] {
  const { phaseMs, overlapMs } = stageOverlap(tasks.flatMap(busyTime));
  const share = phaseMs > 0 ? (100 * overlapMs) / phaseMs : 0;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const wallMs = Date.parse(job.finished_at ?? '') - Date.parse(job.started_at ?? '');
  return [
    row('job', seconds(wallMs)),
    row('layer-parallel phase', seconds(phaseMs)),
    row('  two stages at the same time', `${seconds(overlapMs)} (${share.toFixed(0)} %)`),
  ];
}

function busyTime(task: Schemas['Task']): BusyTime[] {
  if (task.kind !== 'stage' || task.stage === null || !task.started_at || !task.finished_at) return [];
  return [{ stage: task.stage, from: Date.parse(task.started_at), to: Date.parse(task.finished_at) }];
}

function row(name: string, value: string): string {
  return `  ${name.padEnd(32)} ${value}`;
}
