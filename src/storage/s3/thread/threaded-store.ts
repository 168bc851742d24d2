import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { BlobUri, TaskOutput } from '../../../contract/trainer-protocol.js';
import type { ArrivingFile, BlobStore, DownloadAs, SpoolDraft } from '../../blob-store.js';
import { ALL, FAILED, type OpenedDraft, type Order, type Reply, type ThreadData } from './orders.js';
import { fromSent, type SentError } from './sent-error.js';

const THREAD = new URL('./thread.mjs', import.meta.url);

/** An order without its number. */
type Wish = Order extends infer O ? (O extends Order ? Omit<O, 'id'> : never) : never;

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * A bucket whose requests run in a thread of their own, for a process whose own thread computes: parts of a message are
 * sent and fetched meanwhile, and loading the SDK delays nothing.
 */
export class ThreadedStore implements BlobStore {
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #orders = 0;

  constructor(private readonly data: ThreadData) {
    this.#living();
  }

  id = () => this.#plain<string>('id');
  put = (bytes: Uint8Array) => this.#plain<TaskOutput>('put', bytes);
  get = async (uri: BlobUri): Promise<Uint8Array> => readFile(await this.localPath(uri));
  localPath = (uri: BlobUri) => this.#plain<string>('localPath', uri);
  generation = (uri: BlobUri) => this.#plain<string>('generation', uri);
  readRange = (uri: BlobUri, start: number, size: number) =>
    this.#plain<Uint8Array>('readRange', uri, start, size);
  downloadUrl = (uri: BlobUri, as: DownloadAs) => this.#plain<string | null>('downloadUrl', uri, as);
  touch = (uri: BlobUri) => this.#plain<boolean>('touch', uri);
  deleteBlob = (uri: BlobUri) => this.#plain<void>('deleteBlob', uri);
  now = () => this.#plain<Date>('now');
  deleteUntouched = (uri: BlobUri, time: Date) => this.#plain<boolean>('deleteUntouched', uri, time);
  deleteDrafts = (time: Date) => this.#plain<void>('deleteDrafts', time);
  exists = (uri: BlobUri) => this.#plain<boolean>('exists', uri);
  adopt = (path: string, sha256: string) => this.#plain<TaskOutput>('adopt', path, sha256);
  createWorkFolder = (key: string) => this.#plain<string>('createWorkFolder', key);
  idleSpools = (prefix: string, time: Date) => this.#plain<string[]>('idleSpools', prefix, time);
  deleteSpool = (prefix: string) => this.#plain<void>('deleteSpool', prefix);

  fetchAhead(): never {
    throw new Error('a process that computes fetches what it reads, when it reads it');
  }

  blobsUntouchedSince(): never {
    throw new Error('a process that computes collects no garbage');
  }

  async openArriving(uri: BlobUri): Promise<ArrivingFile> {
    const arrived = new BigInt64Array(new SharedArrayBuffer(BigInt64Array.BYTES_PER_ELEMENT));
    const { port1: here, port2: failures } = new MessageChannel();
    const order = { method: 'openArriving' as const, uri, arrived, failures };
    const paths = (await this.#ask(order, [failures])) as readonly string[];
    here.unref();
    const descriptor = openFirst(paths);
    return {
      descriptor,
      waitFor: (bytes) => waitFor(arrived, BigInt(bytes), here),
      close() {
        closeSync(descriptor);
        here.close();
      },
    };
  }

  async createSpool(key: string, beginning?: TaskOutput): Promise<SpoolDraft> {
    const { draft, path } = (await this.#ask({ method: 'createSpool', key, beginning })) as OpenedDraft;
    const ask = (method: 'keep' | 'commit') => this.#ask({ method, draft }) as Promise<TaskOutput>;
    return {
      path,
      appended: () => this.#living().postMessage({ method: 'appended', draft }),
      keep: () => ask('keep'),
      commit: () => ask('commit'),
      discard: async () => {
        await this.#ask({ method: 'discard', draft });
      },
    };
  }

  #plain<T>(method: Extract<Order, { args: unknown }>['method'], ...args: unknown[]): Promise<T> {
    return this.#ask({ method, args }) as Promise<T>;
  }

  #ask(wish: Wish, transferred: readonly MessagePort[] = []): Promise<unknown> {
    const worker = this.#living();
    const id = ++this.#orders;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ ...wish, id }, transferred);
    });
  }

  #living(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(THREAD, { execArgv: [], workerData: this.data });
    worker.unref();
    worker.on('message', (reply: Reply) => {
      const pending = this.#pending.get(reply.id);
      this.#pending.delete(reply.id);
      if (this.#pending.size === 0) worker.unref();
      if ('error' in reply) pending?.reject(fromSent(reply.error));
      else pending?.resolve(reply.value);
    });
    worker.on('error', (error) => this.#end(worker, error));
    worker.on('exit', (code) => this.#end(worker, new Error(`the thread of the store ended with ${code}`)));
    this.#worker = worker;
    return worker;
  }

  /** The next order starts another thread. */
  #end(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** Blocks this thread: the other one works on. */
function waitFor(arrived: BigInt64Array, bytes: bigint, failures: MessagePort): void {
  for (;;) {
    const there = Atomics.load(arrived, 0);
    if (there === FAILED) {
      const sent = receiveMessageOnPort(failures) as { readonly message: SentError } | undefined;
      throw sent ? fromSent(sent.message) : new Error('a copy has failed, and its error was read before');
    }
    if (there >= bytes || there === ALL) return;
    Atomics.wait(arrived, 0, there);
  }
}

/** A file that is being copied moves to its last path when it is complete. */
function openFirst([path, ...others]: readonly string[]): number {
  if (path === undefined) throw new RangeError('there is no path');
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (others.length === 0) throw error;
    return openFirst(others);
  }
}
