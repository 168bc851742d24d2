import { wholeNetwork } from '../description.js';
import { flatten, type Shape } from '../layers.js';
import { blockGroups, describeNetwork, type ModelSize } from '../resnet.js';
import { type BlockPlace, type ForeignTensor, type Layout, tensorsOf } from './layout.js';

/**
 * Every tensor of a network as a layout names it, in order of execution.
 * @throws RangeError if there is no such network
 */
export function foreignTensors(
  layout: Layout,
  model: ModelSize,
  image: Shape,
  classes: number,
): ForeignTensor[] {
  const places = blockPlaces(model);
  return flatten(wholeNetwork(describeNetwork(model, image, classes))).flatMap((layer) => {
    if (layer.op === 'residual') return [];
    const name = nameOf(layout, places, layer.name);
    return name === null ? [] : tensorsOf(layer, name);
  });
}

/** Null for layers without tensors, like `head/pool`. */
function nameOf(layout: Layout, places: readonly BlockPlace[], name: string): string | null {
  const [, block, layer] = /^block(\d+)\/(\w+)$/.exec(name) ?? [];
  const place = block === undefined ? undefined : places[Number(block)];
  if (place === undefined || layer === undefined) return layout.outer[name] ?? null;
  return layout.inner(place, layer);
}

function blockPlaces({ family, depth }: ModelSize): BlockPlace[] {
  const groups = blockGroups(family, depth) ?? [];
  const places: BlockPlace[] = [];
  groups.forEach((count, group) => {
    for (let index = 0; index < count; index++) places.push({ group, index, position: places.length });
  });
  return places;
}
