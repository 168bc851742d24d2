import type { NudgeHandlers } from '../../src/jobs/store/connection/notify.js';
import { CHANNELS } from '../../src/jobs/store/connection/nudges.js';
import { connectWorker, type WorkerConnections } from '../../src/jobs/worker/connections.js';

/** Slots of a host: its pool has the most connections that a worker takes. */
const SLOTS = 8;
/** Workers that share a connection for heartbeats. */
const HEARTBEATS_TOGETHER = 25;

type Where = Parameters<typeof connectWorker>[0];

/** Connections that the workers of one process share: a pool of 8, one that listens, and one for heartbeats of each 25. */
export async function sharedConnections(where: Where, workers: number) {
  const all = new Set<NudgeHandlers>();
  const handlers = Object.fromEntries(
    CHANNELS.map((channel) => [
      channel,
      (payload: string) => {
        for (const one of all) one[channel]?.(payload);
      },
    ]),
  );
  const [own, ...others] = await Promise.all(
    Array.from({ length: Math.ceil(workers / HEARTBEATS_TOGETHER) }, () => connectWorker(where, SLOTS)),
  );
  if (own === undefined) throw new Error('there are no workers');
  const beats = [own, ...others].map(({ heartbeats }) => heartbeats);
  const listener = await own.listen(handlers);
  let connected = 0;
  return {
    async connect(): Promise<WorkerConnections> {
      return {
        db: own.db,
        heartbeats: beats[connected++ % beats.length]!,
        async listen(wanted) {
          all.add(wanted);
          return { close: async () => void all.delete(wanted) };
        },
        close: async () => undefined,
      };
    },
    async close() {
      await listener.close();
      await Promise.all([own, ...others].map((connections) => connections.close()));
    },
  };
}
