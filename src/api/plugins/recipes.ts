import type { FastifyRequest } from 'fastify';
import { isObject } from '../../contract/is-object.js';
import { withRecipe } from '../../contract/recipes.js';
import type { OperationId } from '../handler.js';

/** Operations whose body is a job, and those with a job in a field of it. */
const JOBS: readonly OperationId[] = ['createJob'];
const WITH_JOB: readonly OperationId[] = ['createPlan', 'createProfile', 'createSweep'];

/** Fills in the values of a job's recipe, before validation fills in the defaults of the contract. */
export function recipeRule(id: OperationId): ((request: FastifyRequest) => Promise<void>)[] {
  if (JOBS.includes(id)) {
    return [
      async (request) => {
        request.body = withRecipe(request.body);
      },
    ];
  }
  if (!WITH_JOB.includes(id)) return [];
  return [
    async (request) => {
      const { body } = request;
      if (isObject(body)) request.body = { ...body, job: withRecipe(body.job) };
    },
  ];
}
