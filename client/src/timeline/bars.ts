import type { components } from '../generated/openapi.js';

export type Attempt = components['schemas']['Attempt'];

/** An attempt as a bar of a schedule. Times are milliseconds since the epoch. */
export interface Bar {
  readonly attempt: Attempt;
  readonly start: number;
  /** The end; `nowMs` while it runs. */
  readonly end: number;
}

/** One line of a schedule: a stage, a kind of task or a device. Bars of a lane do not overlap. */
export interface Lane {
  /** Unique in the schedule, like `stage 1` or `end to end 0`. */
  readonly name: string;
  /** Stage whose color the lane has. Null for tasks of the whole network. */
  readonly stage: number | null;
  readonly bars: readonly Bar[];
}

/** Slots that an attempt takes. Attempts of earlier versions may not name their device. */
export const slotsOf = ({ devices }: Attempt): number => Math.max(1, devices.length);

export function barsOf(attempts: readonly Attempt[], nowMs: number): Bar[] {
  return attempts.map((attempt) => {
    const start = Date.parse(attempt.started_at);
    const end = attempt.ended_at === null ? nowMs : Date.parse(attempt.ended_at);
    return { attempt, start, end: Math.max(start, end) };
  });
}

/** The fields of a task by which it finds its lane. */
export type LaneOf = Pick<Attempt, 'kind' | 'stage' | 'replica'>;

/**
 * Lanes in the order of the network: prepare, the stages, the joined network, evaluate, finalize.
 * @param coming tasks that have not started, whose lanes are there from the beginning
 */
export function lanesByStage(bars: readonly Bar[], coming: readonly LaneOf[] = []): Lane[] {
  const lanes = lanesOf(bars, ({ attempt }) => [stageLane(attempt)]);
  const names = new Set(lanes.map(({ name }) => name));
  for (const task of coming) {
    const lane = stageLane(task);
    if (!names.has(lane.name)) lanes.push({ ...lane, bars: [] });
    names.add(lane.name);
  }
  return lanes.sort((a, b) => order(a) - order(b));
}

/** A lane for each device of each worker, in the order of their first use. An attempt on several devices is in each lane. */
export function lanesByDevice(bars: readonly Bar[]): Lane[] {
  const workers = [...new Set(bars.map(({ attempt }) => attempt.worker_id))];
  return lanesOf(bars, ({ attempt: { worker_id: worker, devices } }) =>
    (devices.length > 0 ? devices : ['?']).map((device) => ({
      name: workers.length > 1 ? `${device} of worker ${workers.indexOf(worker) + 1}` : device,
      stage: null,
    })),
  );
}

/** A lane without its bars. */
export type Naming = Pick<Lane, 'name' | 'stage'>;

/** The lane of a task in `lanesByStage`. */
export function stageLane({ kind, stage, replica }: LaneOf): Naming {
  if (stage !== null) return { name: `stage ${stage}`, stage };
  if (kind === 'stage') return { name: 'all stages', stage: null };
  const name = kind.replaceAll('_', ' ');
  return { name: replica === null ? name : `${name} ${replica}`, stage: null };
}

/** Bars that overlap in a lane (two slots of one device) go to further lanes of its name. */
function lanesOf(bars: readonly Bar[], naming: (bar: Bar) => readonly Naming[]): Lane[] {
  const lanes = new Map<string, Naming & { bars: Bar[] }>();
  const inOrder = [...bars].sort((a, b) => a.start - b.start);
  for (const { bar, name, stage } of inOrder.flatMap((bar) =>
    naming(bar).map((lane) => ({ bar, ...lane })),
  )) {
    for (let row = 0; ; row++) {
      const key = row === 0 ? name : `${name} (${row + 1})`;
      const lane = lanes.get(key) ?? { name: key, stage, bars: [] };
      if ((lane.bars.at(-1)?.end ?? Number.NEGATIVE_INFINITY) > bar.start) continue;
      lane.bars.push(bar);
      lanes.set(key, lane);
      break;
    }
  }
  return [...lanes.values()];
}

const KINDS = ['prepare', 'stage', 'all stages', 'end to end', 'evaluate', 'finalize'];
const REPLICAS = 1_000;

function order({ name }: Lane): number {
  const kind = KINDS.findIndex((prefix) => name.startsWith(prefix));
  return kind * REPLICAS + Number(/ (\d+)/.exec(name)?.[1] ?? 0);
}
