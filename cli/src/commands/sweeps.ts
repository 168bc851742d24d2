import { setTimeout as delay } from 'node:timers/promises';
import type { NewSweep, Sweep, Trial } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { duration, figure, plain } from '../format.js';
import { readSpec } from '../spec.js';

export interface SweepsOptions {
  readonly set: readonly string[];
  readonly dryRun?: boolean;
}

const LOOK_MS = 1_000;
const FINAL: readonly Sweep['state'][] = ['succeeded', 'failed', 'cancelled'];

export async function createSweep(context: Context, path: string, options: SweepsOptions): Promise<void> {
  const { strata, out } = context;
  // The server knows the contract; here it is only an object.
  const spec = (await readSpec(path, options.set)) as unknown as NewSweep;
  const sweep = await (options.dryRun ? strata.sweeps.dryRun(spec) : strata.sweeps.create(spec));
  out.result(sweep, [sweep.id], () => fields(out, sweep));
}

export async function listSweeps(
  { strata, out }: Context,
  query: { readonly limit?: number },
): Promise<void> {
  const list = await strata.sweeps.list(query);
  const ids = list.data.map(({ id }) => id);
  out.result(list, ids, () => out.table(['ID', 'NAME', 'STATE', 'TRIALS', 'BEST'], list.data.map(rowOf)));
}

const rowOf = (sweep: Sweep): string[] => [
  sweep.id,
  plain(sweep.name),
  sweep.state,
  trialsOf(sweep),
  shownValue(sweep.best?.value ?? null),
];

const shownValue = (value: number | null): string => (value === null ? '-' : figure(value));

/** `3 of 9`. */
function trialsOf({ counts: { refused: _, ...counts } }: Sweep): string {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return `${all - counts.waiting - counts.running - counts.paused} of ${all}`;
}

export async function showSweep({ strata, out }: Context, id: string): Promise<void> {
  const [sweep, trials] = await Promise.all([strata.sweeps.get(id), strata.sweeps.trials(id)]);
  out.result({ ...sweep, trials }, [sweep.id], () => {
    fields(out, sweep);
    out.line();
    const names = Object.keys(sweep.spec.space);
    out.table(
      ['TRIAL', 'STATE', 'VALUE', ...names, 'JOB'],
      bestFirst(sweep, trials).map((trial) => trialRow(trial, names)),
    );
  });
}

function fields(out: Context['out'], sweep: Sweep): void {
  const { cost, spent, best, spec } = sweep;
  const budget = spec.limits.device_seconds;
  out.fields([
    ['id', sweep.id],
    ['name', plain(sweep.name)],
    ['state', sweep.ended === null ? sweep.state : `${sweep.state} (${sweep.ended})`],
    ['trials', trialsOf(sweep)],
    ['refused points', sweep.refused === null ? '0' : `${sweep.counts.refused}: ${plain(sweep.refused)}`],
    ['jobs', `${cost.jobs}, ${cost.optimizer_steps} optimizer steps`],
    ...(cost.device_seconds === null ? [] : [pair('predicted device time', duration(cost.device_seconds))]),
    ...cost.warnings.map((warning) => pair('warning', warning)),
    ['device time', `${duration(spent.device_seconds)}${budget === null ? '' : ` of ${duration(budget)}`}`],
    [
      'best',
      best === null ? '-' : `trial ${best.number}: ${spec.objective.metric} ${shownValue(best.value)}`,
    ],
    ...(sweep.refit_job_id === null ? [] : [pair('trained once more', sweep.refit_job_id)]),
  ]);
}

const pair = (name: string, value: string): [string, string] => [name, value];

function bestFirst({ spec: { objective } }: Sweep, trials: readonly Trial[]): Trial[] {
  const isLoss = objective.metric === 'validation_loss';
  const sign = (objective.goal ?? (isLoss ? 'minimize' : 'maximize')) === 'maximize' ? 1 : -1;
  const scoreOf = ({ value }: Trial) => (value === null ? Number.NEGATIVE_INFINITY : sign * value);
  return [...trials].sort((a, b) => scoreOf(b) - scoreOf(a) || a.number - b.number);
}

function trialRow(
  { number, state, value, spread, parameters, runs }: Trial,
  names: readonly string[],
): string[] {
  const shown = spread === null ? shownValue(value) : `${shownValue(value)} ± ${figure(spread)}`;
  const values = names.map((name) => {
    const own = parameters[name];
    return typeof own === 'number' ? figure(own) : plain(String(own));
  });
  return [String(number), state, shown, ...values, runs[0]?.job_id ?? '-'];
}

export async function waitForSweep({ strata, out, deadline }: Context, id: string): Promise<void> {
  let sweep = await strata.sweeps.get(id);
  while (!FINAL.includes(sweep.state)) {
    await delay(LOOK_MS, undefined, { signal: deadline });
    sweep = await strata.sweeps.get(id);
  }
  out.result(sweep, [sweep.id], () => fields(out, sweep));
  if (sweep.state !== 'succeeded')
    throw new CliError(EXIT.failed, `The sweep is ${sweep.state} (${sweep.ended ?? 'no reason'}).`);
}

export async function changeSweep(
  { strata, out }: Context,
  verb: 'pause' | 'resume' | 'cancel',
  id: string,
): Promise<void> {
  const sweep = await strata.sweeps[verb](id);
  out.result(sweep, [sweep.id], () => fields(out, sweep));
}
