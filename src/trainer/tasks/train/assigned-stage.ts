import type { RunDescription } from '../../../method/index.js';
import type { StageDescription } from '../../../network/index.js';
import { TrainerError } from '../../errors.js';
import type { TaskContext } from '../context.js';
import { runOfSteps } from '../inputs/run.js';

export interface AssignedStage {
  readonly run: RunDescription;
  readonly stage: StageDescription;
  readonly round: number;
}

/** The stage that a task is to train, and for which round. @throws TrainerError invalid_assignment */
export function assignedStage(context: TaskContext): AssignedStage {
  const { stage: index, round } = context.assignment;
  const run = runOfSteps(context);
  const stage = index === null ? undefined : run.stages[index];
  if (!stage || round === null) throw new TrainerError('invalid_assignment', `there is no stage ${index}`);
  return { run, stage, round };
}
