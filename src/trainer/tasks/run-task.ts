import type { AssignmentKind, TaskSuccess } from '../../contract/trainer-protocol.js';
import { storesVariables } from '../../method/index.js';
import { undoTaskOnError } from '../runtime/index.js';
import type { TaskContext } from './context.js';
import { evaluate } from './evaluate/evaluate.js';
import { finalize } from './finalize/finalize.js';
import { Sources } from './inputs/sources.js';
import { prepare } from './prepare.js';
import { profile } from './profile.js';
import { trainEndToEnd } from './train/end-to-end.js';
import { trainMessageRounds } from './train/message-rounds.js';
import { trainStage } from './train/stage.js';
import { trainStoredStage } from './train/stored-stage.js';

const TASKS: Record<AssignmentKind, (context: TaskContext) => Promise<TaskSuccess>> = {
  prepare,
  stage: (context) => stageTrainer(context)(context),
  end_to_end: trainEndToEnd,
  evaluate,
  finalize,
  profile,
};

function stageTrainer({ assignment: { stage, spec } }: TaskContext) {
  // A task without a stage trains all stages together.
  if (stage === null) return trainMessageRounds;
  return storesVariables(spec.method) ? trainStoredStage : trainStage;
}

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
