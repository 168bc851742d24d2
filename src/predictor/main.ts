import type { FromPredictor, ToPredictor } from '../contract/predictor-protocol.js';
import { openBlobStore } from '../storage/open.js';
import { loadNetwork } from './onnx.js';
import { type Network, predict } from './predict.js';
import { Sessions } from './sessions.js';

/**
 * The predictor process: answers the questions of its worker until the channel closes. It knows no server and no
 * tenant.
 */
const blobs = openBlobStore(process.env.STRATA_BLOB_URL ?? '');
const threads = Number(process.env.STRATA_THREADS ?? 1);
const maxBytes = Number(process.env.STRATA_PREDICTOR_MB ?? 0) * 2 ** 20;
const sessions = new Sessions<Network>(
  (uri) => loadNetwork(blobs, uri as ToPredictor['task']['uri'], threads),
  maxBytes,
);

const send = (message: FromPredictor): void => {
  // If the worker is gone, nobody needs the answer.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};

process.on('message', async ({ id, task }: ToPredictor) => {
  send({ type: 'answer', id, outcome: await predict(sessions, task, () => performance.now()) });
});
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
