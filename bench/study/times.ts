import type { StrataClient } from '../../client/src/index.js';
import type { components } from '../../src/contract/generated/openapi.js';
import { median } from '../benchmark.js';
import { call, type RunningService, secondsOfTask, settled } from '../service.js';
import { trainerSeconds } from '../speedup/pipeline.js';
import { type EndedJob, trained } from './jobs.js';
import { REFERENCE, ROWS, type Row, timedBodyOf, timeKey } from './rows.js';
import { type StepSeconds, stageSeconds } from './virtual-time.js';

type Schemas = components['schemas'];

/** No link at all: what a stage computes, without what it sends. */
const NO_LINK = { link_bytes_per_second: 1e12, link_round_trip_seconds: 0 };

/** Eight rounds. */
const GANG_EPOCHS = 4;

/** Seconds of a step by method and K, of the rows on images of half the size; `message` of a neighbor of a pipeline's stage. */
export interface Times {
  readonly message: number;
  readonly steps: Readonly<Record<string, StepSeconds>>;
}

/**
 * Seconds of steps, one job after another.
 * @param alone runs what it is given with a service of one slot: a stage has the machine alone, as it would have a device of
 * its own, and so has back-propagation
 * @param both the same with two slots
 */
export async function measureTimes(
  alone: <T>(use: (service: RunningService, client: StrataClient) => Promise<T>) => Promise<T>,
  both: typeof alone,
): Promise<Times> {
  const message = await both(messageSeconds);
  const steps = await alone(async (service, client) => {
    const found: Record<string, StepSeconds> = {};
    for (const row of ROWS) {
      if (row.images !== REFERENCE.images) continue;
      const key = timeKey(row);
      if (found[key]) continue;
      // The whole network's step, of which every row's end-to-end phase is made, comes first.
      const joined = found[timeKey(REFERENCE)]?.stages[0];
      const stages = await secondsOf(service, client, row, message);
      found[key] = { joined: joined ?? stages[0]!, stages };
      console.log(`… a step of ${key}: ${stages.map((seconds) => seconds.toFixed(4)).join(', ')} s`);
    }
    return found;
  });
  return { message, steps };
}

async function secondsOf(
  service: RunningService,
  client: StrataClient,
  row: Row,
  message: number,
): Promise<number[]> {
  const body = timedBodyOf(row);
  const ended = await trained(client, body);
  const { splits } = (await client.datasets.list()).find(({ name }) => name === row.images)!;
  if (row.method.type !== 'pipeline') return stageSeconds(withoutFirst(ended), splits.train.count);
  const shares = await sharesOfStages(service, body, row.method.stages);
  const step = secondsPerStep(ended);
  console.log(`… a step of ${timeKey(row)} on one device: ${step.toFixed(4)} s`);
  const last = shares.length - 1;
  return shares.map((share, stage) => {
    const neighbors = (stage > 0 ? 1 : 0) + (stage < last ? 1 : 0);
    return step * share + neighbors * message;
  });
}

/** The share of a step that each stage of a pipeline takes, from a profile of the network's parts on this device. */
async function sharesOfStages(service: RunningService, job: object, devices: number): Promise<number[]> {
  const { id } = await call<Schemas['Profile']>(service, '/profiles', { job });
  const profile = await settled<Schemas['Profile']>(service, `/profiles/${id}`, 'queued', 'running');
  if (profile.state !== 'succeeded') throw new Error(`the profile ${profile.state}`);
  const { stages, better_split: better } = await call<Schemas['Plan']>(service, '/plans', {
    ...{ job, devices },
    ...NO_LINK,
  });
  if (better) console.log(`… a better split: ${better.split.join(', ')}`);
  const total = stages.reduce((sum, { step_seconds }) => sum + step_seconds, 0);
  return stages.map(({ step_seconds }) => step_seconds / total);
}

/**
 * Seconds a step in which a stage passes tensors to one neighbor and takes its own: of two stages on two cores, what the one
 * spends that waits less. It waits a little too, so this is an upper bound.
 */
async function messageSeconds(service: RunningService, client: StrataClient): Promise<number> {
  const row = ROWS.find(({ method }) => method.type === 'pipeline' && method.stages === 2)!;
  const { job, tasks } = await trained(client, timedBodyOf(row, { slots: 2, epochs: GANG_EPOCHS }));
  const parts = await trainerSeconds(service, job.id);
  // The slots of a service that has just started become free one after the other.
  const rounds = tasks
    .map((task) => ({ seconds: secondsOfTask(task), trainers: parts.get(task.key) ?? [] }))
    .filter(({ trainers }) => trainers.length === 2)
    .slice(1);
  if (rounds.length === 0) throw new Error('the pipeline never had two slots');
  const { round_steps: steps } = job.spec.method;
  const step = median(rounds.map(({ seconds }) => seconds)) / steps!;
  const message =
    median(rounds.map(({ trainers }) => Math.min(...trainers.map(({ stream = 0 }) => stream)))) / steps!;
  console.log(
    `… two stages on two cores: ${step.toFixed(4)} s a step, at most ${message.toFixed(4)} s of it passing tensors`,
  );
  return message;
}

/** The first round of each stage warms its trainer. */
function withoutFirst({ job, tasks }: EndedJob): EndedJob {
  return { job, tasks: tasks.filter(({ kind, round }) => kind !== 'stage' || round !== 0) };
}

function secondsPerStep(ended: EndedJob): number {
  const rounds = withoutFirst(ended).tasks.filter(({ kind }) => kind === 'stage');
  return median(rounds.map(secondsOfTask)) / ended.job.spec.method.round_steps!;
}
