import { setTimeout as delay } from 'node:timers/promises';
import { answered, type components, type NewJob } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { bytes, duration, figure, percent } from '../format.js';
import { readSpec } from '../spec.js';

type Schemas = components['schemas'];

export interface PlanOptions {
  readonly set: readonly string[];
  readonly devices?: number;
  readonly memory?: number;
  readonly bandwidth?: number;
  readonly roundTrip?: number;
  readonly profile?: boolean;
  readonly schedules?: boolean;
}

const LOOK_MS = 500;

/** Predicts times and memory of a job; `--profile` lets a worker measure its network first. */
export async function plan(context: Context, path: string | undefined, options: PlanOptions): Promise<void> {
  const { strata, out } = context;
  const job = await readSpec(path, options.set);
  if (options.profile) await profile(context, job);
  const { devices = null, memory = null, bandwidth, roundTrip } = options;
  const link = {
    ...(bandwidth !== undefined && { link_bytes_per_second: bandwidth }),
    ...(roundTrip !== undefined && { link_round_trip_seconds: roundTrip / 1000 }),
  };
  const body = { job, devices, device_memory_bytes: memory, ...link } as Schemas['PlanRequest'];
  const found = await answered(strata.http.POST('/plans', { body }));
  out.result(found, [], () => {
    show(out, found);
    if (options.schedules) showSchedules(out, found);
  });
}

async function profile({ strata, out, deadline }: Context, job: NewJob): Promise<void> {
  const body = { job } as Schemas['ProfileRequest'];
  let measured = await answered(strata.http.POST('/profiles', { body }));
  out.note('Measuring the network on a device of the server …');
  while (measured.state === 'queued' || measured.state === 'running') {
    await delay(LOOK_MS, undefined, { signal: deadline });
    measured = await answered(strata.http.GET('/profiles/{id}', { params: { path: { id: measured.id } } }));
  }
  if (measured.state === 'failed')
    throw new CliError(
      EXIT.failed,
      `The measurement failed: ${measured.error?.message ?? 'no reason given'}`,
    );
}

function show(out: Context['out'], found: Schemas['Plan']): void {
  const { method, source, measured_on: on, profile: from, link, recommendation } = found;
  const device = on?.device ?? from?.device;
  out.fields([
    ['method', `${method.type}, ${method.stages} stages`],
    ['times', device ? `${source} on ${device}` : source],
    [
      'link',
      `${bytes(link.bytes_per_second)}/s, ${1_000 * link.round_trip_seconds} ms there and back, ${link.source}`,
    ],
    ['steps of an epoch', String(found.steps_per_epoch)],
    ...(found.frozen_features ? [['frozen blocks', ofFrozen(found.frozen_features)] as const] : []),
    ...(found.unfrozen
      ? [
          [
            `after epoch ${found.unfrozen.from_epoch}`,
            `every block trains: ${ofStages(found.unfrozen)}`,
          ] as const,
        ]
      : []),
    ...(found.pruned
      ? [
          [
            `from round ${found.pruned.from_round}`,
            `the last channels are removed: ${ofStages(found.pruned)}`,
          ] as const,
        ]
      : []),
    ['advice', recommendation.reason],
  ]);
  out.line();
  out.table(
    ['STAGE', 'BLOCKS', 'SLOT', 'STEP', 'MEMORY', 'AUXILIARY'],
    found.stages.map((each) => [
      String(each.stage),
      String(each.blocks),
      each.slot === null ? 'any' : String(each.slot),
      duration(each.step_seconds),
      bytes(each.memory_bytes),
      percent(each.auxiliary_share, 0),
    ]),
  );
  out.line();
  out.table(
    ['METHOD', 'FITS', 'TIME', 'EQUAL ACCURACY', 'MEMORY', 'SENT', 'POINTS'],
    found.methods.map((each) => [
      each.name,
      each.fits ? 'yes' : 'no',
      duration(each.seconds),
      duration(each.equal_accuracy_seconds),
      bytes(each.memory_bytes),
      bytes(each.bytes),
      figure(each.accuracy.points, 2),
    ]),
  );
  out.line();
  out.table(
    ['STAGES', 'SPEED-UP', 'SPLIT'],
    found.speedups.map((each) => [String(each.stages), figure(each.whole_run, 3), each.split.join(' + ')]),
  );
}

function showSchedules(out: Context['out'], { schedules }: Schemas['Plan']): void {
  out.line();
  out.table(
    ['SCHEDULE', 'OFFERED', 'DEVICES', 'MICRO-BATCHES', 'STEP', 'WAITING', 'MEMORY', 'ACTIVATIONS'],
    schedules.map((each) => [
      each.name,
      each.offered ? 'yes' : 'no',
      String(each.stages),
      String(each.micro_batches),
      duration(each.step_seconds),
      percent(each.bubble_share, 1),
      bytes(each.memory_bytes),
      bytes(each.activation_bytes),
    ]),
  );
}

function ofStages({ stages }: Pick<Schemas['Plan'], 'stages'>): string {
  const step = Math.max(...stages.map((stage) => stage.step_seconds));
  const memory = Math.max(...stages.map((stage) => stage.memory_bytes));
  return `${duration(step)} a step of the slowest stage, ${bytes(memory)} of the largest`;
}

function ofFrozen(features: NonNullable<Schemas['Plan']['frozen_features']>): string {
  const { obstacle, saved_seconds: saved } = features;
  return obstacle === null
    ? `features stored once, ${bytes(features.bytes)}; ${duration(saved)} less a step`
    : `computed in every step (${obstacle}); stored once, a step would take ${duration(saved)} less`;
}
