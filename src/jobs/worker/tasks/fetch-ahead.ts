import type { BlobUri } from '../../../contract/trainer-protocol.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { BlobMissingError } from '../../../storage/errors.js';
import { startLoop } from '../../process/loop.js';
import type { Log } from '../../process/process.js';
import type { InputAhead } from '../../store/inputs-ahead.js';
import type { ClaimedTask } from '../../store/tasks.js';

type RunningTask = Pick<ClaimedTask, 'id' | 'jobId'>;

export interface FetchAheadOptions {
  /** Inputs of the tasks that the slot of a running one may take next, the most probable first. */
  readonly find: (task: RunningTask) => Promise<readonly InputAhead[]>;
  readonly blobs: Pick<BlobStore, 'fetchAhead'>;
  /** Bytes that may be fetched during one task. */
  readonly maxBytes: number;
  /** The pause between two looks for inputs that are not there yet. */
  readonly lookMs: number;
  /** Aborts when this worker takes no more tasks. */
  readonly drained: AbortSignal;
  readonly log: Log;
}

/**
 * Copies what the next task of a slot reads to this host while the slot trains, so that its trainer finds it in the cache. It is
 * of no consequence whether it succeeds: a trainer fetches what is missing.
 */
export class FetchAhead {
  readonly #works = new Set<Promise<void>>();

  constructor(private readonly options: FetchAheadOptions) {}

  /** Begins for a task that runs. @returns what ends it at once: the next task may fetch the same */
  begin(task: RunningTask): () => void {
    const { drained, lookMs, log } = this.options;
    const over = new AbortController();
    const signal = AbortSignal.any([drained, over.signal]);
    const done = new Set<BlobUri>();
    let left = this.options.maxBytes;
    const take = (bytes: number) => {
      const fits = bytes <= left;
      if (fits) left -= bytes;
      return fits;
    };
    const loop = startLoop(
      async () => {
        if (!signal.aborted && (await this.#look(task, { done, take, signal }))) over.abort();
      },
      lookMs,
      (error) => {
        if (!signal.aborted)
          log.warn(
            { err: error, job: task.jobId },
            'inputs could not be fetched ahead; their tasks fetch them',
          );
      },
    );
    const end = () => {
      const work = loop.stop().finally(() => this.#works.delete(work));
      this.#works.add(work);
    };
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    return () => over.abort();
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#works);
  }

  /** @returns whether there is nothing more to wait for */
  async #look(
    task: RunningTask,
    { done, take, signal }: { done: Set<BlobUri>; take: (bytes: number) => boolean; signal: AbortSignal },
  ): Promise<boolean> {
    const inputs = await this.options.find(task);
    for (const { uri, bytes } of inputs) {
      if (uri === null || bytes === null || done.has(uri)) continue;
      // Before the copy, as one that breaks off has taken room, too.
      if (take(bytes)) await this.#fetch(uri, signal);
      done.add(uri);
    }
    return inputs.length > 0 && inputs.every(({ uri }) => uri !== null);
  }

  /** Copies a file, unless it is gone: then all that need it have read it, or it is made again. */
  async #fetch(uri: BlobUri, signal: AbortSignal): Promise<void> {
    try {
      await this.options.blobs.fetchAhead(uri, signal);
    } catch (error) {
      if (!(error instanceof BlobMissingError)) throw error;
    }
  }
}
