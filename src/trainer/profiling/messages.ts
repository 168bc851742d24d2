import type { ResolvedMethod } from '../../contract/spec.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { SpoolReader, SpoolWriter } from '../messages/index.js';
import { free, type Tensor } from '../runtime/index.js';
import type { Clock } from '../training/index.js';

/** Seconds of one message. */
export interface MessageSeconds {
  readonly send: number;
  readonly receive: number;
}

/**
 * Measures a message through a file, as stages exchange it: encode, check and write; then read and decode from the
 * page cache, as for a stage on the same machine.
 */
export async function timeMessage(
  tensor: Tensor,
  corrections: ResolvedMethod['corrections'],
  { blobs, key, now }: { readonly blobs: BlobStore; readonly key: string; readonly now: Clock },
): Promise<MessageSeconds> {
  const draft = await blobs.createSpool(key);
  const steps = { start: 0, end: 1 };
  const writer = new SpoolWriter(draft, { ...corrections, shape: tensor.shape, steps });
  try {
    const begun = now();
    writer.write(tensor);
    const sent = now();
    const reader = new SpoolReader(draft.path, `spool:${key}`);
    try {
      const opened = now();
      free(reader.read(0));
      return { send: (sent - begun) / 1000, receive: (now() - opened) / 1000 };
    } finally {
      reader.close();
    }
  } finally {
    await writer.discard();
  }
}
