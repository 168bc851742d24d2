import type { PlansClient } from '../../../contract/client/plans.js';
import type { Sweep } from '../../../contract/client/sweeps.js';
import type { PreparedJob } from '../../store/sweep-trials.js';

/** Jobs whose time is predicted; the others count as their mean. */
const PREDICTED = 12;

/** The same machine as POST /plans assumes. */
const MACHINE = {
  devices: null,
  device_memory_bytes: null,
  link_bytes_per_second: null,
  link_round_trip_seconds: null,
};

export function costOf(runs: readonly { readonly steps: number }[]): Sweep['cost'] {
  const total = runs.reduce((sum, { steps }) => sum + steps, 0);
  return { jobs: runs.length, optimizer_steps: total, device_seconds: null, warnings: [] };
}

/**
 * The cost with its device time, predicted from some of the jobs.
 * @param slots devices of all workers that are there, 0 if none is
 */
export async function predictedCost(
  plans: Pick<PlansClient, 'createPlan'>,
  jobs: readonly PreparedJob[],
  slots: number,
): Promise<Sweep['cost']> {
  const cost = costOf(jobs.map(({ plan }) => ({ steps: plan.total_steps })));
  if (jobs.length === 0) return cost;
  const every = Math.max(1, Math.ceil(jobs.length / PREDICTED));
  const chosen = jobs.filter((_, index) => index % every === 0);
  const seconds = await Promise.all(chosen.map((job) => secondsOf(plans, job)));
  const steps = chosen.reduce((sum, { plan }) => sum + plan.total_steps, 0);
  const perStep = seconds.reduce((sum, part) => sum + part, 0) / steps;
  return {
    ...cost,
    device_seconds: perStep * cost.optimizer_steps,
    warnings: warningsOf(jobs, slots),
  };
}

/** A job whose stages are counted. */
type Staged = { readonly spec: { readonly method: { readonly stages: number } } };

/** With more trials than devices, stages only make devices wait for each other. */
export function warningsOf(jobs: readonly Staged[], slots: number): string[] {
  const inStages = jobs.filter(({ spec }) => spec.method.stages > 1).length;
  if (slots === 0 || jobs.length <= slots || inStages === 0) return [];
  const are = slots === 1 ? 'there is 1 device' : `there are ${slots} devices`;
  return [
    `${inStages} of ${jobs.length} jobs train in several stages, and ${are}. With method.stages 1, each device trains a job ` +
      'of its own and waits for no other, which gives the best throughput. Keep the stages if the network does not fit ' +
      'into one device, or if you search for a setting of the method.',
  ];
}

/** Each step occupies the devices of all stages for the time of theirs. */
async function secondsOf(
  plans: Pick<PlansClient, 'createPlan'>,
  { spec, plan }: PreparedJob,
): Promise<number> {
  const { stages } = await plans.createPlan({ job: spec, ...MACHINE });
  return stages.reduce((sum, { step_seconds }) => sum + step_seconds, 0) * plan.total_steps;
}
