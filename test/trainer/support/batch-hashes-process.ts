// A process that prints the hashes of a task's batches.
import { createFolderStore } from '../../../src/storage/folder-store.js';
import { batchHashes } from './batch-hashes.js';

const { folder, task, spec, inputs, dataset, steps } = JSON.parse(process.argv[2]!);
const hashes = await batchHashes(task, { spec, inputs, dataset, blobs: createFolderStore(folder) }, steps);
process.stdout.write(JSON.stringify(hashes));
