import type { JobSpec } from '../../contract/spec.js';
import { describeMethod, storesVariables } from '../../method/methods.js';
import type { Problems } from './problems.js';

export function checkSamples(spec: JobSpec, samples: number, report: Problems): boolean {
  if (spec.batch_size <= samples) return true;
  report(
    '/batch_size',
    `must be at most the ${samples} training images of this job, or no batch is ever full`,
  );
  return false;
}

export function checkStages(
  method: JobSpec['method'],
  stages: number,
  blocks: number,
  report: Problems,
): boolean {
  if (method.type === 'backprop' && stages !== 1) {
    report('/method/stages', 'backprop trains one stage; use 1, or a layer-parallel method.type');
    return false;
  }
  if (stages <= blocks) return true;
  report(
    '/method/stages',
    `the network has ${blocks} residual blocks; use ${blocks} stages or fewer, or a greater model.depth`,
  );
  return false;
}

export function checkSplit(
  split: readonly number[],
  stages: number,
  blocks: number,
  report: Problems,
): boolean {
  if (split.length !== stages) {
    report(
      '/method/split',
      `has ${split.length} entries for ${stages} stages; give one per stage, or 'auto'`,
    );
    return false;
  }
  const sum = split.reduce((total, count) => total + count, 0);
  if (sum === blocks) return true;
  report('/method/split', `sums to ${sum}; the network has ${blocks} residual blocks to divide`);
  return false;
}

export function checkHeads({ type, heads }: JobSpec['method'], stages: number, report: Problems): void {
  if (!heads.decoder || (describeMethod({ type }).hasHeads && stages > 1)) return;
  report(
    '/method/heads/decoder',
    `${stages === 1 ? 'one stage' : type} has no local heads; use false, or local-heads in two stages or more`,
  );
}

/** What the contract fills in where a job says nothing of corrections. */
const UNSAID = { precision: 'float16', filter: 'none' } as const;

/** Where stages send no tensors, or features that a filter would blur, these would be settings of nothing. */
export function checkCorrections(
  { type, corrections }: JobSpec['method'],
  stages: number,
  report: Problems,
): void {
  const { messages, storesVariables: stores } = describeMethod({ type });
  // Stored rows are kept as they are: no codec rounds them.
  const sends = (name: string) => stages > 1 && !stores && messages.some(({ output }) => output === name);
  const serves = { precision: sends('corrections') || sends('features'), filter: sends('corrections') };
  for (const field of ['precision', 'filter'] as const) {
    if (serves[field] || corrections[field] === UNSAID[field]) continue;
    report(
      `/method/corrections/${field}`,
      `${type} in ${stages === 1 ? 'one stage' : `${stages} stages`} sends no corrections: leave it out, or use ` +
        'augmented-lagrangian in two stages or more',
    );
  }
}

/** Rungs that a ladder of K stages has: at the last, its gradient is back-propagation's. */
export const exactMessageRounds = (stages: number): number => 2 * stages - 1;

export function checkMessageRounds(
  { type, message_rounds: rounds }: JobSpec['method'],
  stages: number,
  report: Problems,
): void {
  if (rounds === null) return;
  const pointer = '/method/message_rounds';
  const exact = exactMessageRounds(stages);
  if (type !== 'rounds') report(pointer, `is for method.type rounds; leave it out with ${type}`);
  else if (rounds > exact) {
    report(pointer, `${exact} rounds are exact back-propagation, more change nothing; use ${exact} or less`);
  }
}

/** A share of 0, or of less than a step, has nothing for them to do. */
export function checkReplicas(
  { end_to_end_replicas: replicas }: JobSpec['method'],
  endToEndSteps: number,
  report: Problems,
): void {
  if (replicas === null || replicas === 1 || endToEndSteps > 0) return;
  report(
    '/method/end_to_end_replicas',
    'there is no end-to-end phase to share; use 1 or null, or a greater end_to_end_share',
  );
}

export function checkWarmStart(
  { type, warm_start_epochs: epochs }: JobSpec['method'],
  stages: number,
  parallelSteps: number,
  report: Problems,
): void {
  if (epochs === 0) return;
  const pointer = '/method/warm_start_epochs';
  if (stages === 1) report(pointer, 'one stage trains end to end anyway; use 0, or two stages or more');
  else if (storesVariables({ type, stages })) {
    report(pointer, 'stored variables start from the untrained network; use 0');
  } else if (parallelSteps < 1) {
    report(pointer, 'leaves no step to the layer-parallel phase; use less, or a smaller end_to_end_share');
  }
}

/** Tasks one job may be cut into: more would cost more to keep than to train. */
const MOST_TASKS = 20_000;

export function checkRounds(totalSteps: number, roundSteps: number, stages: number, report: Problems): void {
  const tasks = Math.ceil(totalSteps / roundSteps) * stages;
  if (tasks <= MOST_TASKS) return;
  const least = Math.ceil((totalSteps * stages) / MOST_TASKS);
  report(
    '/method/round_steps',
    `${roundSteps} steps a round would make ${tasks} tasks of the ${MOST_TASKS} allowed; use ${least} or more`,
  );
}
