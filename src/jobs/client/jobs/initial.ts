import { type FieldError, StrataError } from '../../../contract/errors.js';
import type { DatasetFacts, ResolvedSpec } from '../../../contract/spec.js';
import type { BlobUri } from '../../../contract/trainer-protocol.js';
import type { SpecWarning } from '../../../planning/spec/warnings.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import type { Database } from '../../store/connection/database.js';

/** The weights that a job starts from. */
export interface Initial {
  /** Null: random weights. */
  readonly blobs: BlobUri[] | null;
  /** With the choice of the head made. */
  readonly spec: ResolvedSpec;
  readonly warnings: readonly SpecWarning[];
}

export interface InitialParts {
  readonly db: Database;
  readonly blobs: BlobStore;
}

export interface Wanted {
  readonly spec: ResolvedSpec;
  readonly facts: DatasetFacts;
  readonly start: NonNullable<ResolvedSpec['init_from']>;
  /** Id of the checkpoint, of the model, or of the weights. */
  readonly id: string;
}

export function refuse(errors: FieldError[]): never {
  throw new StrataError('invalid_spec', undefined, { errors });
}
