// A process that runs one training task and kills itself in its middle, as a power cut would.
import { createFolderStore } from '../../../src/storage/folder-store.js';
import { runTrainingTask } from './training-tasks.js';

const { folder, task, spec, inputs, killAfter } = JSON.parse(process.argv[2]!);
let steps = 0;
await runTrainingTask(task, {
  spec,
  inputs,
  blobs: createFolderStore(folder),
  onStep: () => {
    if (++steps === killAfter) process.kill(process.pid, 'SIGKILL');
  },
});
