import { LEASE_MS } from '../../../process/limits.js';
import type { Places } from '../../../process/places.js';
import { type ClaimedPush, claimPush, recordPush, recordPushFailure } from '../../../store/model-pushes.js';
import { findModel } from '../../../store/models.js';
import { openOutbox, type SendEnd } from '../outbox.js';
import { pushToBucket } from './bucket.js';
import { filesOf, UnfitModelError } from './files.js';
import { pushToMlflow } from './mlflow-registry.js';
import type { Pusher } from './pusher.js';

const AT_ONCE = 4;

/** Pushes models to where their owners ask. An attempt may happen twice; what it leaves there is the same. */
export function openPushes(pusher: Pusher): Places {
  const { db } = pusher;
  return openOutbox<ClaimedPush, string>(
    {
      table: 'model_push',
      claim: () => claimPush(db, LEASE_MS),
      send: (claimed, over) => push(pusher, claimed, over),
      arrived: (claimed, location) => recordPush(db, claimed, location),
      failed: (claimed, failure) => recordPushFailure(db, claimed, failure),
    },
    AT_ONCE,
    pusher,
  );
}

async function push(pusher: Pusher, claimed: ClaimedPush, over: AbortSignal): Promise<SendEnd<string>> {
  const { db, openBox } = pusher;
  const model = await findModel(db, claimed.tenant, claimed.modelId);
  // Its pushes go with it.
  if (model === null) return { error: 'the model was deleted', status: null, isFinal: true };
  const secret = claimed.secret && (await openBox()).open(claimed.secret, claimed.id);
  try {
    if (claimed.target === 'mlflow')
      return { arrived: await pushToMlflow(pusher, { claimed, model, secret, over }) };
    const files = await filesOf(db, claimed, model);
    return { arrived: await pushToBucket(pusher, { claimed, files, secret, over }) };
  } catch (error) {
    if (!(error instanceof UnfitModelError)) throw error;
    return { error: error.message, status: null, isFinal: true };
  }
}
