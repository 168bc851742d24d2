import { JOB_DEFAULTS } from '../../../contract/generated/defaults.js';
import type { JobSpec } from '../../../contract/spec.js';
import { describeMethod, sendsMessage } from '../../../method/methods.js';
import { methodsWith } from '../../../method/rules.js';
import type { Problems } from '../problems.js';
import type { MethodFacts } from './facts.js';

/** A job that sends exactly these counts as having sent none. */
const DEFAULT_CORRECTIONS = JOB_DEFAULTS.method.corrections;

/** Refuses a precision or filter of corrections where stages send no tensors, or features that a filter would blur. */
export function resolveCorrections(
  { type, corrections }: JobSpec['method'],
  { stages }: Pick<MethodFacts, 'stages'>,
  report: Problems,
): JobSpec['method']['corrections'] {
  const method = describeMethod({ type });
  // Stored rows are kept exactly: no codec rounds them.
  const sends = (name: string) => stages > 1 && !method.storesVariables && sendsMessage(method, name);
  const serves = { precision: sends('corrections') || sends('features'), filter: sends('corrections') };
  for (const field of ['precision', 'filter'] as const) {
    if (serves[field] || corrections[field] === DEFAULT_CORRECTIONS[field]) continue;
    const senders = methodsWith((other) => sendsMessage(other, 'corrections')).join(' or ');
    report(
      `/method/corrections/${field}`,
      `${type} with ${stages === 1 ? 'one stage' : `${stages} stages`} sends no corrections; leave it out, or use ` +
        `${senders} with at least two stages`,
    );
  }
  return corrections;
}
