import { describeRun, type RunDescription } from '../../../method/index.js';
import type { StageDescription } from '../../../network/index.js';
import { TrainerError } from '../../errors.js';
import type { TaskContext } from '../context.js';

export interface AssignedStage {
  readonly run: RunDescription;
  readonly stage: StageDescription;
  readonly round: number;
}

/** The stage that a task is to train, and for which round. @throws TrainerError invalid_assignment */
export function assignedStage({ assignment }: TaskContext): AssignedStage {
  const { spec, dataset, stage: index, round } = assignment;
  const run = describeRun(spec, dataset);
  const stage = index === null ? undefined : run.stages[index];
  if (!stage || round === null) throw new TrainerError('invalid_assignment', `there is no stage ${index}`);
  return { run, stage, round };
}
