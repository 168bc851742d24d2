import type { AssignmentKind, TaskSuccess } from '../../contract/trainer-protocol.js';
import { storesVariables } from '../../network/index.js';
import type { TaskContext } from './context.js';
import { trainEndToEnd } from './end-to-end.js';
import { evaluate } from './evaluate.js';
import { finalize } from './finalize.js';
import { trainLadder } from './ladder.js';
import { prepare } from './prepare.js';
import { profile } from './profile.js';
import { Sources } from './sources.js';
import { trainStage } from './stage.js';
import { trainStoredStage } from './stored-stage.js';

const TASKS: Record<AssignmentKind, (context: TaskContext) => Promise<TaskSuccess>> = {
  prepare,
  stage: (context) => stageTrainer(context)(context),
  end_to_end: trainEndToEnd,
  evaluate,
  finalize,
  profile,
};

function stageTrainer({ assignment: { stage, spec } }: TaskContext) {
  // Of no stage in particular: of all of them together.
  if (stage === null) return trainLadder;
  return storesVariables(spec.method) ? trainStoredStage : trainStage;
}

/** Runs an assignment: a pure function of its inputs, safe to run again. */
export async function runTask(context: TaskContext): Promise<TaskSuccess> {
  const sources = await Sources.open(context);
  const breathe: TaskContext['breathe'] = (save) =>
    context.breathe(
      save &&
        (async () => {
          await sources.confirm();
          return save();
        }),
    );
  const success = await TASKS[context.assignment.kind]({ ...context, breathe });
  await sources.confirm();
  return success;
}
