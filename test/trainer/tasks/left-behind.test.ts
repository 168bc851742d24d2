import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { liveTensors } from '../../../src/trainer/runtime/index.js';
import { TaskStopped } from '../../../src/trainer/tasks/context.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { withFolder } from '../support/run-plan.js';
import type { SpecChanges } from '../support/specs.js';
import {
  contextOf,
  METHODS,
  runTraining,
  type TaskRun,
  type TrainingTask,
  tinySpec,
} from '../support/training-tasks.js';

// A trainer stays warm after a task that failed or was stopped. Nothing of such a task may stay: no tensor, no open file, no
// draft. Every call that a task makes to the world outside is failed once, one run for each.

class Broken extends Error {}

type Method = NonNullable<SpecChanges['method']>;
const CASES: readonly [name: string, method: Method][] = [
  ...METHODS.map((type): [string, Method] => [type, { type, stages: type === 'backprop' ? 1 : 3 }]),
  ['warm start', { type: 'augmented-lagrangian', stages: 2, warm_start_epochs: 1 }],
  ['replicas', { type: 'penalty', stages: 2, end_to_end_share: 0.5, end_to_end_replicas: 2 }],
];

for (const [name, method] of CASES) {
  test(`${name}: a task whose blob store fails at any call leaves nothing behind`, async (t) => {
    await everyTask(method, t, async (task, options, folder) => {
      for (let call = 1; ; call++) {
        const blobs = failingAt(options.blobs, call);
        if (!(await failsCleanly(task, { ...options, blobs, attempt: 1 + call }, folder))) return call - 1;
      }
    });
  });

  test(`${name}: a task that is stopped at any pause leaves nothing behind`, async (t) => {
    await everyTask(method, t, async (task, options, folder) => {
      let stops = 0;
      // The fit of an AuxNet pauses 200 times: every place in it is alike.
      for (let pause = 1; ; pause += pause < 20 ? 1 : 60) {
        let left = pause;
        const betweenSteps = async () => {
          if (--left === 0) throw new TaskStopped();
        };
        const context = { ...contextOf(task, { ...options, attempt: 1 + pause }), betweenSteps };
        const before = readState(folder);
        const success = await runTask(context).catch((error) => void assert.ok(error instanceof TaskStopped));
        if (success) return stops;
        assert.deepEqual(readState(folder), before, `${task.key}, stopped at pause ${pause}`);
        stops++;
      }
    });
  });
}

/** Runs a job; `attempts` begins each task in vain, as often as it can, before the task is run to its end. */
async function everyTask(
  method: Method,
  t: TestContext,
  attempts: (task: TrainingTask, options: TaskRun, folder: string) => Promise<number>,
): Promise<void> {
  await withFolder(async ({ folder, blobs }) => {
    const spec = tinySpec({ epochs: 2, method: { round_steps: 8, ...method } });
    let failures = 0;
    await runTraining(spec, blobs, async (task, options) => {
      failures += await attempts(task, options, folder);
      return await runTask(contextOf(task, options));
    });
    assert.ok(failures > 0);
    t.diagnostic(`${failures} attempts in vain, nothing left`);
  });
}

/** @returns whether the attempt failed */
async function failsCleanly(task: TrainingTask, options: TaskRun, folder: string): Promise<boolean> {
  const before = readState(folder);
  const success: TaskSuccess | null = await runTask(contextOf(task, options)).catch((error) => {
    if (error instanceof Broken) return null;
    throw error;
  });
  assert.deepEqual(readState(folder), before, `${task.key}, attempt ${options.attempt}`);
  return success === null;
}

/** The store, its `call`-th call failing; the calls of its drafts count too. */
function failingAt(blobs: BlobStore, call: number): BlobStore {
  let left = call;
  const guarded = <T extends object>(target: T, always: readonly string[]): T =>
    new Proxy(target, {
      get(object, key) {
        const value: unknown = Reflect.get(object, key);
        if (typeof value !== 'function' || always.includes(String(key))) return value;
        return async (...args: unknown[]) => {
          if (--left === 0) throw new Broken(`call ${call}: ${String(key)}`);
          const result: unknown = await Reflect.apply(value, object, args);
          // Clean-up itself must work, and a hint that a file has grown cannot fail.
          return key === 'createSpool' ? guarded(result as object, ['discard', 'appended']) : result;
        };
      },
    });
  return guarded(blobs, []);
}

/** Tensors, open files of the folder, and drafts. */
function readState(folder: string): object {
  const open = readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const path = readlinkSync(join('/proc/self/fd', name));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return [];
    }
  });
  return { tensors: liveTensors(), open, drafts: readdirSync(join(folder, 'tmp')) };
}
