import type { ResolvedMethod } from '../contract/spec.js';
import { wholeNetwork } from '../network/description.js';
import type { Layer, Shape } from '../network/layers.js';
import { describeNetwork, type ModelSize } from '../network/resnet.js';
import { describeStages } from '../network/stages.js';
import { hasAuxiliary } from './methods.js';

/** The networks that a job exports. */
export interface NetworkVariants {
  readonly full: readonly Layer[];
  /** The last AuxNet and the last stage; null if the last stage has no AuxNet. */
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
