import type { CheckJob } from '../../../contract/client/sweeps.js';
import { type FieldError, StrataError } from '../../../contract/errors.js';
import { withValues } from '../../../planning/sweeps/set-values.js';
import {
  checkSpace,
  escapedToken,
  MAX_TRIALS,
  spacePointer,
  valueAt,
} from '../../../planning/sweeps/space.js';
import type { Dimension, ParameterValue, SweepSpec } from '../../../planning/sweeps/types.js';
import { wantedTrials } from './draw.js';

/** Checks what no single point shows. @throws StrataError invalid_spec */
export function checkSweep(spec: SweepSpec, checkJob: CheckJob): void {
  const problems: FieldError[] = [];
  const report = (pointer: string, message: string) => void problems.push({ pointer, message });
  checkSpace(spec.space, spec.search, report);
  if (spec.job.trackers.length > 0)
    report('/job/trackers', 'Remove it: hand over the jobs you need with POST /jobs/{id}/trackers.');
  if (spec.repeats > 1 && '/seed' in spec.space)
    report('/repeats', 'Must be 1 while /seed is searched: repeats train the same point with further seeds.');
  if (spec.repeats > 1 && spec.stopping.type !== 'none')
    report('/repeats', 'Must be 1 with `stopping`: a trial is compared by the values of one job.');
  if (spec.job.max_device_seconds?.then === 'pause')
    report('/job/max_device_seconds/then', 'Use `finish` or `fail`: nobody would resume a paused trial.');
  if (problems.length === 0) {
    checkValues(spec, checkJob, report);
    checkOverrides(spec, checkJob, report);
  }
  if (problems.length > 0) throw new StrataError('invalid_spec', undefined, { errors: problems });
  requireFewJobs(spec, wantedTrials(spec));
}

/** @throws StrataError invalid_spec if the trials have more jobs than a sweep may have */
export function requireFewJobs({ repeats }: SweepSpec, trials: number): void {
  if (trials * repeats <= MAX_TRIALS) return;
  const message = `${trials} trials with ${repeats} repeats are more than ${MAX_TRIALS} jobs. Lower one of them.`;
  throw new StrataError('invalid_spec', undefined, { errors: [{ pointer: '/limits/trials', message }] });
}

type Report = (pointer: string, message: string) => void;

/** The schema of the field must take every value, whatever the others are. */
function checkValues({ job, space }: SweepSpec, checkJob: CheckJob, report: Report): void {
  for (const [name, dimension] of Object.entries(space)) {
    for (const [place, value] of samplesOf(dimension)) {
      const fault = faultOf(() => checkJob(withValues(job, { [name]: value })));
      if (fault === null) continue;
      report(`${spacePointer(name)}${place}`, faultyValue(fault, place));
      break;
    }
  }
}

function checkOverrides({ job, refit }: SweepSpec, checkJob: CheckJob, report: Report): void {
  for (const [name, value] of Object.entries(refit?.overrides ?? {})) {
    const fault = faultOf(() => checkJob(withValues(job, { [name]: value })));
    if (fault !== null) report(`/refit/overrides/${escapedToken(name)}`, fault);
  }
}

/** Values of a dimension, with the field of the dimension that gives them. */
function samplesOf(dimension: Dimension): [place: string, value: ParameterValue][] {
  const { values, min, max, step } = dimension;
  if (values) return values.map((value, index) => [`/values/${index}`, value]);
  const ends: [string, ParameterValue][] = [
    ['/min', min ?? 0],
    ['/max', max ?? 0],
  ];
  return step === undefined
    ? [...ends, ['/step', valueAt(dimension, IRRATIONAL)]]
    : [...ends, ['/step', valueAt(dimension, 0.5)]];
}

/** A place in a range at which no whole number lies. */
const IRRATIONAL = Math.SQRT1_2;

function faultyValue(fault: string, place: string): string {
  return place === '/step'
    ? `Values between \`min\` and \`max\` do not fit: ${fault} Give a \`step\`.`
    : fault;
}

/** Only the message about the first field: one field was changed. */
function faultOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (!(error instanceof StrataError)) throw error;
    return error.errors[0]?.message ?? error.detail;
  }
}
