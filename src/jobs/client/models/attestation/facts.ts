import type { components } from '../../../../contract/generated/openapi.js';
import type { ResolvedSpec } from '../../../../contract/spec.js';

type Model = components['schemas']['Model'];

/** The facts of a model that its statement and its bill of materials hold. */
export interface ModelFacts {
  readonly model: Model;
  readonly spec: ResolvedSpec;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** All files of the model. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}
