import type { TaskKind, TaskSuccess } from '../../contract/trainer-protocol.js';
import type { TaskContext } from './context.js';
import { trainEndToEnd } from './end-to-end.js';
import { evaluate } from './evaluate.js';
import { finalize } from './finalize.js';
import { trainLadder } from './ladder.js';
import { prepare } from './prepare.js';
import { trainStage } from './stage.js';

const TASKS: Record<TaskKind, (context: TaskContext) => Promise<TaskSuccess>> = {
  prepare,
  // Of no stage in particular: of all of them together.
  stage: (context) => (context.assignment.stage === null ? trainLadder(context) : trainStage(context)),
  end_to_end: trainEndToEnd,
  evaluate,
  finalize,
};

/** Runs an assignment: a pure function of its inputs, safe to run again. */
export function runTask(context: TaskContext): Promise<TaskSuccess> {
  return TASKS[context.assignment.kind](context);
}
