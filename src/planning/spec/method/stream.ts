import { JOB_DEFAULTS } from '../../../contract/generated/defaults.js';
import type { JobSpec } from '../../../contract/spec.js';
import { isPipelined } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** Refuses a number format of streams where there are none. A job that sends the default counts as having sent none. */
export function resolveStream(
  { type, stream }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  report: Problems,
): JobSpec['method']['stream'] {
  const isDefault = stream.precision === JOB_DEFAULTS.method.stream.precision;
  if (!isDefault && !isPipelined({ type, stages })) {
    const having = methodsWith((method) => method.isPipelined === true).join(' or ');
    report(
      '/method/stream/precision',
      `is only valid for method.type ${having} with at least two stages; leave it out`,
    );
  }
  return stream;
}
