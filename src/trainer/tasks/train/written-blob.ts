import type { TaskOutput } from '../../../contract/trainer-protocol.js';
import type { TaskContext } from '../context.js';

/**
 * Stores a blob that is never in memory as a whole.
 * @param name of the file among those of the attempt
 * @param write writes the file, and returns its sha256
 */
export async function storeWritten(
  { assignment: { job_id, task_id, attempt }, blobs }: TaskContext,
  name: string,
  write: (path: string) => Promise<string>,
): Promise<TaskOutput> {
  const draft = await blobs.createSpool(`${job_id}/${task_id}-a${attempt}/${name}`);
  try {
    return await blobs.adopt(draft.path, await write(draft.path));
  } catch (error) {
    await draft.discard();
    throw error;
  }
}
