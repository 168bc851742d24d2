// A trainer of a pipeline, or of a stage of another method, in a process of its own: `{"ready"}`, then a task for each message.
import { performance } from 'node:perf_hooks';
import type { TaskAssignment } from '../../src/contract/trainer-protocol.js';
import { createFolderStore } from '../../src/storage/folder-store.js';
import { runTask } from '../../src/trainer/tasks/run-task.js';

export interface MemberTask {
  readonly assignment: TaskAssignment;
  readonly blobs: string;
}

process.on('message', async ({ assignment, blobs }: MemberTask) => {
  const started = process.cpuUsage();
  const success = await runTask({
    assignment,
    blobs: createFolderStore(blobs),
    now: () => performance.now(),
    progress: () => {},
    metrics: () => {},
    betweenSteps: async () => {},
    decoders: 1,
    bfloat16: false,
  });
  const outputs = Object.fromEntries(Object.entries(success.outputs).map(([name, { uri }]) => [name, uri]));
  const { user, system } = process.cpuUsage(started);
  process.send?.({ outputs, seconds: success.seconds, cpuSeconds: (user + system) / 1e6 });
});
process.send?.({ ready: true });
