import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type {
  RuntimeInfo,
  TaskAssignment,
  TaskOutput,
  TaskSuccess,
} from '../../src/contract/trainer-protocol.js';
import { Slot, type Trainer } from '../../src/jobs/worker/slots/slot.js';
import { planTasks } from '../../src/planning/tasks/task-graph.js';

const RUNTIME: RuntimeInfo = {
  node: process.versions.node,
  strata: 'none',
  tensorflow: 'none',
  kernels: 'none',
  processor: 'none',
  instruction_set: 'none',
  threads: 1,
  device: 'cpu',
};
const SAMPLES = [0, 1, 2];

/**
 * A slot whose trainer reports three losses of a stage and does nothing else.
 * @param seconds time that each task takes
 * @param onRun hears of each attempt
 */
export function noOpSlot(seconds: number, onRun: (assignment: TaskAssignment) => void): Slot {
  const trainer: Trainer = {
    alive: true,
    pid: undefined,
    ready: Promise.resolve(RUNTIME),
    async run(assignment, onReport) {
      onRun(assignment);
      if (assignment.kind === 'stage') onReport({ ...lossesOf(assignment), type: 'metrics' });
      if (seconds > 0) await delay(seconds * 1000);
      return { kind: 'succeeded', success: successOf(assignment) };
    },
    askCheckpoint: () => undefined,
    kill: async () => undefined,
  };
  return new Slot({ device: 'cpu:0', gpu: null, bfloat16: true }, () => trainer, 3_600_000);
}

function lossesOf({ task_id, attempt, stage, round }: TaskAssignment) {
  const samples = SAMPLES.map((step) => ({ name: 'loss', stage, step: (round ?? 0) * 3 + step, value: 1 }));
  return { task_id, attempt, made_at_ms: Date.now(), samples };
}

function successOf(assignment: TaskAssignment): TaskSuccess {
  const { kind } = assignment;
  return {
    outputs: outputsOf(assignment),
    seconds: { total: 0.001 },
    artifacts: [],
    result: kind === 'finalize' ? { test_accuracy: 0.5, test_loss: 1 } : {},
  };
}

/** The plan of all jobs, which are alike: a worker does not plan. */
let plan: ReturnType<typeof planTasks> | null = null;

function planOf({ spec, dataset }: TaskAssignment) {
  plan ??= planTasks(spec, dataset);
  return plan;
}

/** Outputs by the plan, of bytes that are nowhere. */
function outputsOf(assignment: TaskAssignment) {
  const { job_id, kind, stage, round, replica } = assignment;
  const task = planOf(assignment).find(
    (planned) =>
      planned.kind === kind &&
      planned.stage === stage &&
      planned.round === round &&
      planned.replica === replica,
  );
  return Object.fromEntries(
    (task?.outputs ?? []).map((name): [string, TaskOutput] => {
      // Each job prepares the same dataset.
      const content = kind === 'prepare' ? name : `${job_id}/${task?.key}/${name}`;
      return [name, { uri: `sha256:${createHash('sha256').update(content).digest('hex')}`, size_bytes: 1 }];
    }),
  );
}
