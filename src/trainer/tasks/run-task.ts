import type { AssignmentKind, TaskSuccess } from '../../contract/trainer-protocol.js';
import { undoTaskOnError } from '../runtime/index.js';
import type { TaskContext } from './context.js';
import { evaluate } from './evaluate/evaluate.js';
import { assemble } from './finalize/assemble.js';
import { finalize } from './finalize/finalize.js';
import { Sources } from './inputs/sources.js';
import { prepare } from './prepare.js';
import { profile } from './profile.js';
import { trainEndToEnd } from './train/end-to-end.js';
import { trainerOf } from './train/methods/index.js';

const TASKS: Record<AssignmentKind, (context: TaskContext) => Promise<TaskSuccess>> = {
  prepare,
  stage: (context) => trainerOf(context.assignment.spec.method).train(context),
  end_to_end: trainEndToEnd,
  evaluate,
  finalize,
  profile,
  assemble,
};

/** Runs an assignment: a pure function of its inputs, so it can run again. */
export async function runTask(context: TaskContext): Promise<TaskSuccess> {
  const sources = await Sources.open(context);
  const betweenSteps: TaskContext['betweenSteps'] = (save) =>
    context.betweenSteps(
      save &&
        (async (stops) => {
          await sources.confirm();
          return save(stops);
        }),
    );
  // A warm trainer outlives a task that fails or is stopped: nothing that the task made may stay.
  return await undoTaskOnError(async () => {
    const success = await TASKS[context.assignment.kind]({ ...context, betweenSteps });
    await sources.confirm();
    return success;
  });
}
