import type { ErrorObject } from 'ajv';
import type { CheckJob } from '../../contract/client/sweeps.js';
import { StrataError } from '../../contract/errors.js';
import type { JobSpec } from '../../contract/spec.js';
import { type Contract, inlineRefSiblings } from '../openapi.js';
import { explain } from '../validation/explain.js';
import { bodyCompiler } from './validation.js';

/** A check of jobs that come in no body of their own, such as those of a sweep. It is the check of `POST /jobs`. */
export function jobChecker({ document }: Contract): CheckJob {
  const { components } = inlineRefSiblings(document);
  const check = bodyCompiler<JobSpec>()({ $ref: '#/components/schemas/JobSpec', components });
  return (job) => {
    const filled = structuredClone(job);
    const errors: ErrorObject[] = [];
    if (check(filled, errors)) return filled;
    throw new StrataError('invalid_request', undefined, { errors: explain(errors, 'body') });
  };
}
