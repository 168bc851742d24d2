import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import type { BlobUri, TaskKind, TaskOutput } from '../../contract/trainer-protocol.js';
import { endToEndRange, parallelRange, replicasIn, roundsOf, stageReplicasIn } from '../../method/rounds.js';

/** A point in the training of a job whose weights are stored. */
export interface RestartPoint {
  /** Unique within the job. */
  readonly name: string;
  /** Within a task, between two rounds, or the final network. */
  readonly kind: 'step' | 'round' | 'final';
  readonly round: number | null;
  /** The first optimizer step that it does not include. */
  readonly step: number;
  readonly createdAt: Date;
  readonly parts: readonly RestartPart[];
  /** Whether another job can start from it: it is a whole network, and no part is about to be replaced. */
  readonly startsJobs: boolean;
}

export interface RestartPart {
  readonly task: string;
  /** Null for the whole network. */
  readonly stage: number | null;
  readonly uri: BlobUri;
  readonly sizeBytes: number;
}

/** The stored weights of a job. */
export interface KeptWeights {
  readonly spec: ResolvedSpec;
  readonly facts: DatasetFacts;
  readonly ended: boolean;
  /** Successful training tasks. After the end of the job, their outputs are deleted, but for those that are artifacts. */
  readonly tasks: readonly KeptTask[];
  /** Artifacts with states of rounds. */
  readonly artifacts: ReadonlySet<BlobUri>;
  readonly checkpoints: readonly (RestartPart & { readonly step: number; readonly createdAt: Date })[];
  /** The artifact with the final network. */
  readonly final: (Omit<RestartPart, 'task' | 'stage'> & { readonly createdAt: Date }) | null;
}

export interface KeptTask {
  readonly key: string;
  readonly kind: TaskKind;
  readonly stage: number | null;
  readonly round: number | null;
  readonly outputs: Readonly<Record<string, TaskOutput>>;
  readonly finishedAt: Date;
}

/** Restart points in the order of training. */
export function restartPoints(kept: KeptWeights): RestartPoint[] {
  const { ended, artifacts } = kept;
  const rounds = roundPoints(kept).filter(
    ({ parts }) => !ended || (parts.length > 0 && parts.every(({ uri }) => artifacts.has(uri))),
  );
  const points = [...rounds, ...kept.checkpoints.map((checkpoint) => stepPoint(kept, checkpoint))];
  if (kept.final !== null) points.push(finalPoint(kept, kept.final));
  return points.sort((a, b) => a.step - b.step || a.createdAt.getTime() - b.createdAt.getTime());
}

/** The ends of rounds, whether or not their weights are still stored. */
export function roundPoints({
  spec,
  facts,
  tasks,
}: Pick<KeptWeights, 'spec' | 'facts' | 'tasks'>): RestartPoint[] {
  const rounds = roundsOf(spec, facts);
  const groups = new Map<string, KeptTask[]>();
  for (const task of tasks) {
    if (task.round === null) continue;
    const name = `${task.kind === 'end_to_end' ? 'end_to_end' : 'round'}-${task.round}`;
    groups.set(name, [...(groups.get(name) ?? []), task]);
  }
  return [...groups].map(([name, group]) => {
    const { kind, round } = group[0]!;
    const isJoined = kind === 'end_to_end';
    const range = isJoined ? endToEndRange(rounds, round!) : parallelRange(rounds, round!);
    const parts = group.flatMap(partsOf).sort(inOrder);
    const complete = isJoined
      ? group.length === replicasIn(rounds, round!)
      : parts.some(({ stage }) => stage === null) ||
        parts.length === spec.method.stages * stageReplicasIn(rounds, round!);
    const createdAt = new Date(Math.max(...group.map(({ finishedAt }) => finishedAt.getTime())));
    return { name, kind: 'round', round, step: range.end, createdAt, parts, startsJobs: complete };
  });
}

/** By stage, then by replica, whose number ends the key. */
function inOrder(a: RestartPart, b: RestartPart): number {
  return (a.stage ?? 0) - (b.stage ?? 0) || a.task.localeCompare(b.task, 'en', { numeric: true });
}

/** The states among the outputs of a task: its own, or one for each stage. */
function partsOf({ key, stage, outputs }: KeptTask): RestartPart[] {
  return Object.entries(outputs).flatMap(([name, { uri, size_bytes }]) => {
    const [state, number] = name.split('-');
    if (state !== 'state') return [];
    return [{ task: key, stage: number === undefined ? stage : Number(number), uri, sizeBytes: size_bytes }];
  });
}

function stepPoint(
  { spec, ended }: KeptWeights,
  { step, createdAt, ...part }: KeptWeights['checkpoints'][number],
): RestartPoint {
  const whole = part.stage === null || spec.method.stages === 1;
  // The next checkpoint of a running task may replace this one at any moment.
  const startsJobs = whole && ended;
  return { name: `step-${part.task}`, kind: 'step', round: null, step, createdAt, parts: [part], startsJobs };
}

function finalPoint(
  { spec, facts }: KeptWeights,
  { createdAt, ...blob }: NonNullable<KeptWeights['final']>,
): RestartPoint {
  const step = roundsOf(spec, facts).totalSteps;
  const parts = [{ task: 'finalize', stage: null, ...blob }];
  return { name: 'final', kind: 'final', round: null, step, createdAt, parts, startsJobs: true };
}
