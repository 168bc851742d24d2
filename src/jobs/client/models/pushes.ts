import type { ModelsClient } from '../../../contract/client/models.js';
import { type FieldError, StrataError } from '../../../contract/errors.js';
import type { components } from '../../../contract/generated/openapi.js';
import { forPurpose } from '../../outgoing/target.js';
import { MAX_PUSHES_PER_MODEL } from '../../process/limits.js';
import type { Database } from '../../store/connection/database.js';
import { findModelPushes, newModelPushId, putModelPush, type SealedPush } from '../../store/model-pushes.js';
import { findModel, lockModel } from '../../store/models.js';
import { checkAddresses, type OutgoingParts } from '../outgoing.js';
import { notFound } from '../require-job.js';
import { toModelPush } from '../views/model-push.js';
import { listOf } from '../views/parts.js';

type Request = Required<components['schemas']['ModelPushRequest']>;
type PushMethods = Pick<ModelsClient, 'listModelPushes' | 'pushModel'>;

export function pushMethods(db: Database, tenant: string, parts: OutgoingParts): PushMethods {
  return {
    async listModelPushes(modelId) {
      if ((await findModel(db, tenant, modelId)) === null) notFound(modelId);
      return listOf((await findModelPushes(db, modelId)).map(toModelPush));
    },
    async pushModel(modelId, request) {
      if ((await findModel(db, tenant, modelId)) === null) notFound(modelId);
      checkFields(request);
      checkAddresses({ '/url': request.url }, forPurpose(parts.policy, 'push'));
      const sealed = await seal(request, tenant, modelId, parts);
      return db.$transaction(async (tx) => {
        if ((await lockModel(tx, tenant, modelId)) === null) notFound(modelId);
        const stored = await putModelPush(tx, sealed);
        if ((await findModelPushes(tx, modelId)).length <= MAX_PUSHES_PER_MODEL) return toModelPush(stored);
        throw new StrataError('limit_reached', `A model can have at most ${MAX_PUSHES_PER_MODEL} pushes.`);
      });
    },
  };
}

/** Fields that only some targets have. */
const FIELDS = {
  s3: ['region', 'credentials'],
  hf: ['region', 'credentials'],
  mlflow: ['alias', 'authorization'],
} as const satisfies Record<Request['target'], readonly (keyof Request)[]>;

/** @throws StrataError invalid_request for a field that the target does not have, or for one that it lacks */
function checkFields(request: Request): void {
  const { target } = request;
  const own: readonly string[] = FIELDS[target];
  const foreign = Object.values(FIELDS)
    .flat()
    .filter((field) => !own.includes(field) && request[field] !== null);
  const errors: FieldError[] = [...new Set(foreign)].map((field) => ({
    pointer: `/${field}`,
    message: `is not used by the target ${target}; leave it out`,
  }));
  if (own.includes('credentials') && request.credentials === null)
    errors.push({ pointer: '/credentials', message: `is missing; the target ${target} needs it` });
  if (own.includes('credentials') && !/^\/[^/]/.test(new URL(request.url).pathname))
    errors.push({ pointer: '/url', message: 'has no bucket; write it as https://host/bucket/prefix' });
  if (errors.length > 0) throw new StrataError('invalid_request', undefined, { errors });
}

async function seal(
  request: Request,
  tenant: string,
  modelId: string,
  { openBox }: Pick<OutgoingParts, 'openBox'>,
): Promise<SealedPush> {
  const { target, url, variant, alias, region, credentials, authorization } = request;
  const id = newModelPushId();
  const secret = credentials === null ? authorization : JSON.stringify(credentials);
  const sealed = secret === null ? null : (await openBox()).seal(secret, id);
  return { id, tenant, modelId, target, url, variant, alias, region, secret: sealed };
}
