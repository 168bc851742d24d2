import type { Schemas } from '../../server.js';

type Evaluation = Pick<Schemas['Evaluation'], 'model_name' | 'checkpoint'>;
type Checkpoint = Pick<Schemas['Checkpoint'], 'kind' | 'round' | 'step'>;

/** Name of a checkpoint within its job. */
export function checkpointName({ kind, round, step }: Checkpoint): string {
  if (kind === 'final') return 'the final network';
  return kind === 'round' ? `after round ${round}, step ${step}` : `within a round, step ${step}`;
}

/** Name of the model or of the checkpoint that an evaluation is about. */
export function subjectOf({ model_name: model, checkpoint }: Evaluation): string {
  if (checkpoint === null) return model ?? '';
  return `${checkpoint.job_name ?? checkpoint.job_id} (${checkpointName(checkpoint)})`;
}
