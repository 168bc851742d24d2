import { cacheFrom } from '../contract/blob-cache.js';
import type { FromTrainer, TaskAssignment, TaskFailure, ToTrainer } from '../contract/trainer-protocol.js';
import { openBlobStore } from '../storage/open.js';
import { BatchThread } from './data/index.js';
import { fullRuntime } from './documents/index.js';
import { CarriedState } from './tasks/carried-state.js';
import { type TaskContext, TaskStopped } from './tasks/context.js';
import { failureOf } from './tasks/failure.js';
import { runTask } from './tasks/run-task.js';

/**
 * A trainer process. The worker that forked it sends tasks over Node's IPC channel, one at a time. It stays warm
 * between tasks. It knows only the blob store (STRATA_BLOB_URL), its threads (STRATA_THREADS) and whether its
 * device has bfloat16 (STRATA_BFLOAT16). It ends when its worker ends.
 */
const blobs = openBlobStore(requiredVariable('STRATA_BLOB_URL'), cacheFrom(process.env), { computes: true });

const threads = Number(process.env.STRATA_THREADS ?? 1);
// A slot uses as many decoders as compute threads, because decoding and computing wait for each other.
const batchThread = new BatchThread(threads);
batchThread.start();
const carried = new CarriedState();

/** Pending checkpoint request of the worker for the running task. */
let asked: Extract<ToTrainer, { type: 'checkpoint' }> | null = null;

process.on('message', (message: ToTrainer) => {
  if (message.type === 'run') void run(message.assignment);
  else asked = message;
});
process.on('disconnect', () => process.exit(0));

send({
  type: 'ready',
  runtime: { node: process.version, ...(await fullRuntime(threads, process.env)) },
});

async function run(assignment: TaskAssignment): Promise<void> {
  const { task_id, attempt } = assignment;
  try {
    send({ type: 'succeeded', task_id, attempt, success: await runTask(contextOf(assignment)) });
  } catch (error) {
    if (error instanceof TaskStopped) return send({ type: 'stopped', task_id, attempt });
    const failure: TaskFailure = failureOf(error, assignment);
    if (failure.code === 'internal') console.error(error);
    send({ type: 'failed', task_id, attempt, failure });
  }
}

/**
 * Repeat the last progress message at this interval, so that the worker does not take a slow task for a hung one.
 */
const SIGN_OF_LIFE_MS = 5_000;

function contextOf(assignment: TaskAssignment): TaskContext {
  const { task_id, attempt } = assignment;
  let last = { done: 0, total: 1, at: performance.now() };
  const progress = (done: number, total: number): void => {
    last = { done, total, at: performance.now() };
    send({ type: 'progress', task_id, attempt, done, total });
  };
  return {
    assignment,
    blobs,
    now: () => performance.now(),
    batchThread,
    carried,
    decoders: threads,
    bfloat16: process.env.STRATA_BFLOAT16 === '1',
    progress,
    metrics: (samples) => send({ type: 'metrics', task_id, attempt, made_at_ms: Date.now(), samples }),
    checkpointMade: (checkpoint) => send({ type: 'checkpoint', task_id, attempt, checkpoint }),
    betweenSteps: async (save) => {
      if (performance.now() - last.at > SIGN_OF_LIFE_MS) progress(last.done, last.total);
      await new Promise((resolve) => setImmediate(resolve));
      const request = asked;
      asked = null;
      // A request for a task that has ended in the meantime is too late.
      if (request?.task_id !== task_id || request.attempt !== attempt) return;
      const checkpoint = await save?.(request.stop);
      if (checkpoint) send({ type: 'checkpoint', task_id, attempt, checkpoint });
      if (request.stop) throw new TaskStopped();
    },
  };
}

function send(message: FromTrainer): void {
  process.send?.(message);
}

function requiredVariable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; the worker must set it when it starts a trainer`);
  return value;
}
