import type { BlobStore } from '../../../../storage/blob-store.js';
import type { SecretBox } from '../../../outgoing/secret-box.js';
import type { OutgoingPolicy } from '../../../outgoing/target.js';
import type { OutboxOptions } from '../outbox.js';

/** The dependencies of the pushes of models. */
export interface Pusher extends OutboxOptions {
  readonly policy: OutgoingPolicy;
  readonly openBox: () => Promise<SecretBox>;
  readonly blobs: BlobStore;
  readonly now: () => Date;
}
