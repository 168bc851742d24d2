import type { ResolvedMethod } from '../contract/spec.js';
import { wholeNetwork } from './description.js';
import type { Layer, Shape } from './layers.js';
import { hasAuxiliary } from './methods.js';
import { describeNetwork, type ModelSize } from './resnet.js';
import { describeStages } from './stages.js';

/** The networks that a job exports. */
export interface NetworkVariants {
  readonly full: readonly Layer[];
  /** The last stage behind its AuxNet; null where it has none. */
  readonly compact: readonly Layer[] | null;
}

export function networkVariants(
  model: ModelSize,
  method: ResolvedMethod,
  image: Shape,
  classes: number,
): NetworkVariants {
  const network = describeNetwork(model, image, classes);
  const { split, auxiliary } = method;
  const last = describeStages(network, split, auxiliary.cost_share, auxiliary).at(-1);
  const compact =
    last?.auxiliary && hasAuxiliary(method, last.index) ? [...last.auxiliary, ...last.layers] : null;
  return { full: wholeNetwork(network), compact };
}
