import { cacheFrom } from '../contract/blob-cache.js';
import type { BlobUri } from '../contract/blob-uri.js';
import type { FromPredictor, ToPredictor } from '../contract/predictor-protocol.js';
import { openBlobStore } from '../storage/open.js';
import { loadNetwork } from './onnx.js';
import { type Network, predict } from './predict.js';
import { Sessions } from './sessions.js';

/**
 * The predictor process: answers the questions of its worker until the channel closes. It knows no server and no
 * tenant.
 */
const blobs = openBlobStore(process.env.STRATA_BLOB_URL ?? '', cacheFrom(process.env));
const threads = Number(process.env.STRATA_THREADS ?? 1);
const maxBytes = Number(process.env.STRATA_PREDICTOR_MB ?? 0) * 2 ** 20;
const sessions = new Sessions<Network>((uri) => loadNetwork(blobs, uri as BlobUri, threads), maxBytes);

const send = (message: FromPredictor): void => {
  // If the worker is gone, nobody needs the answer.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

const open = new Map<number, AbortController>();
process.on('message', async (message: ToPredictor) => {
  const { id } = message;
  if (message.type === 'cancel') {
    open.get(id)?.abort();
    return;
  }
  const cancelled = new AbortController();
  open.set(id, cancelled);
  const outcome = await predict(sessions, message.task, () => performance.now(), cancelled.signal);
  open.delete(id);
  send({ type: 'answer', id, outcome });
});
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
