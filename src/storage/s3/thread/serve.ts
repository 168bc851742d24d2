import type { MessagePort } from 'node:worker_threads';
import type { SpoolDraft } from '../../blob-store.js';
import { LocalCache } from '../../local-cache.js';
import { connect } from '../connection.js';
import { S3Store } from '../s3-store.js';
import { ALL, type Appended, FAILED, type OpenedDraft, type Order, type ThreadData } from './orders.js';
import { toSent } from './sent-error.js';

/** Runs the store of a process whose own thread computes, and answers its orders. */
export function serveStore(port: MessagePort, { place, cache }: ThreadData): void {
  const served = new ServedStore(new S3Store(connect(place), new LocalCache(cache)));
  port.on('message', (order: Order | Appended) => {
    if (order.method === 'appended') return served.appended(order.draft);
    const { id } = order;
    served.run(order).then(
      (value) => port.postMessage({ id, value }),
      (error) => port.postMessage({ id, error: toSent(error) }),
    );
  });
}

class ServedStore {
  readonly #drafts = new Map<number, SpoolDraft>();
  #opened = 0;

  constructor(private readonly store: S3Store) {}

  appended(draft: number): void {
    this.#drafts.get(draft)?.appended();
  }

  async run(order: Order): Promise<unknown> {
    switch (order.method) {
      case 'createSpool':
        return this.#open(await this.store.createSpool(order.key, order.beginning));
      case 'keep':
        return this.#draft(order.draft).keep();
      case 'commit':
        return this.#draft(order.draft).commit();
      case 'discard': {
        const draft = this.#draft(order.draft);
        this.#drafts.delete(order.draft);
        return draft.discard();
      }
      case 'openArriving':
        return this.#arrive(order);
      default: {
        const run = this.store[order.method] as (...args: readonly unknown[]) => Promise<unknown>;
        return run.apply(this.store, [...order.args]);
      }
    }
  }

  #open(draft: SpoolDraft): OpenedDraft {
    const id = ++this.#opened;
    this.#drafts.set(id, draft);
    return { draft: id, path: draft.path };
  }

  #draft(id: number): SpoolDraft {
    const found = this.#drafts.get(id);
    if (found === undefined) throw new RangeError(`there is no draft ${id}`);
    return found;
  }

  /** @returns the paths at which the file is now or later, as soon as its first bytes are there */
  #arrive({ uri, arrived, failures }: Extract<Order, { method: 'openArriving' }>): Promise<string[]> {
    const set = (bytes: bigint) => {
      Atomics.store(arrived, 0, bytes);
      Atomics.notify(arrived, 0);
    };
    return new Promise((resolve, reject) => {
      const onBytes = (paths: string[], bytes: number) => {
        set(BigInt(bytes));
        resolve(paths);
      };
      this.store.localPath(uri, onBytes).then(
        (path) => {
          set(ALL);
          resolve([path]);
        },
        (error) => {
          failures.postMessage(toSent(error));
          set(FAILED);
          reject(error);
        },
      );
    });
  }
}
