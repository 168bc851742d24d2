import { setPriority } from 'node:os';
import { MODEL_VARIANTS } from '../../../contract/client/models.js';
import { isErrorCode } from '../../../contract/errors.js';
import type { AssemblyAssignment, PartAssignment } from '../../../contract/evaluator-protocol.js';
import { servingOutput, type TaskAssignment, type TaskSuccess } from '../../../contract/trainer-protocol.js';
import type { EvaluationOutcome, PartChild } from './evaluator-child.js';
import { TrainerChild } from './trainer-child.js';

const LOWEST_PRIORITY = 19;

/** A trainer beside the slots that assembles the networks of a checkpoint. It takes only the time that other processes leave. */
export class AssemblerChild implements PartChild {
  readonly #trainer: TrainerChild;

  constructor(command: readonly string[], env: NodeJS.ProcessEnv) {
    this.#trainer = new TrainerChild(command, env);
    const { pid } = this.#trainer;
    try {
      if (pid !== undefined) setPriority(pid, LOWEST_PRIORITY);
    } catch {
      // It has ended already, which `run` reports.
    }
  }

  get alive(): boolean {
    return this.#trainer.alive;
  }

  async run(assignment: PartAssignment, onProgress: () => void): Promise<EvaluationOutcome> {
    if (assignment.kind !== 'assembly') throw new Error(`a trainer does no ${assignment.kind}`);
    await this.#trainer.ready;
    const outcome = await this.#trainer.run(taskOf(assignment), onProgress);
    if (outcome.kind === 'succeeded')
      return { kind: 'succeeded', success: { kind: 'assembly', serving: servingOf(outcome.success) } };
    if (outcome.kind === 'stopped')
      return { kind: 'failed', failure: { code: 'internal', message: 'it stopped unasked' } };
    if (outcome.kind !== 'failed') return outcome;
    const { code, message } = outcome.failure;
    return { kind: 'failed', failure: { code: isErrorCode(code) ? code : 'internal', message } };
  }

  kill(reason: string): Promise<void> {
    return this.#trainer.kill(reason);
  }
}

function taskOf({ id, attempt, spec, dataset, inputs }: AssemblyAssignment): TaskAssignment {
  const none = { stage: null, round: null, replica: null };
  return { task_id: id, job_id: id, attempt, kind: 'assemble', spec, dataset, inputs, ...none };
}

function servingOf({ outputs }: TaskSuccess) {
  return Object.fromEntries(
    MODEL_VARIANTS.flatMap((variant) => {
      const uri = outputs[servingOutput(variant)]?.uri;
      return uri === undefined ? [] : [[variant, uri] as const];
    }),
  );
}
