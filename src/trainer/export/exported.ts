import type { ArtifactOutput } from '../../contract/trainer-protocol.js';

/** Files of one exported model. */
export interface Exported {
  readonly artifacts: readonly ArtifactOutput[];
  /**
   * Largest absolute difference of a class probability from the trained network's over the images compared; null
   * for a format that holds the trained numbers themselves and no computation.
   */
  readonly maxDifference: number | null;
}
