import type { Layer } from '../layers.js';
import type { ForeignFamily } from '../resnet.js';
import type { Normalization } from './normalizations.js';

/** The files of other programs that hold networks of these families. `torchvision` has the names of timm, too. */
export type LayoutName = 'torchvision' | 'transformers' | 'cifar-resnet' | 'wide-resnet-pytorch' | 'strata';

/** The residual block of a name, by its place in the network. */
export interface BlockPlace {
  /** From 0. */
  readonly group: number;
  /** From 0 within its group. */
  readonly index: number;
  /** From 0 among all blocks. */
  readonly position: number;
}

/** Names of layers in the files of one program. All have PyTorch's arrays: kernels [O,C,h,w], dense [outputs,inputs]. */
export interface Layout {
  readonly name: LayoutName;
  /** Name of a layer outside the blocks, like `stem/conv`; undefined: the family has no such layer there. */
  readonly outer: Readonly<Record<string, string>>;
  /** @param layer its name within the block: `conv1`, `norm2`, `shortcut`, `shortcut_norm` */
  inner(place: BlockPlace, layer: string): string;
  /** A name that only such files have: where its first block begins. */
  readonly sign: string;
  readonly families: readonly ForeignFamily[];
  /** The normalization of the program's own training; null where it is not the same for all files. */
  readonly normalization: Normalization | null;
}

/** A number of the network in a file of others. */
export interface ForeignTensor {
  /** Ours: `block3/norm1/gamma`, and for statistics `block3/norm1/mean` and `/variance`. */
  readonly ours: string;
  readonly theirs: string;
  /** In their order. */
  readonly shape: readonly number[];
  readonly isStatistic: boolean;
}

/** Every tensor of a layer, by PyTorch's names. */
export function tensorsOf(layer: Layer, name: string): ForeignTensor[] {
  const tensor = (ours: string, theirs: string, shape: readonly number[], isStatistic = false) => ({
    ours: `${layer.name}/${ours}`,
    theirs: `${name}.${theirs}`,
    shape,
    isStatistic,
  });
  switch (layer.op) {
    case 'conv':
      return [
        tensor('kernel', 'weight', [layer.output.channels, layer.input.channels, layer.size, layer.size]),
      ];
    case 'norm': {
      const shape = [layer.output.channels];
      return [
        tensor('gamma', 'weight', shape),
        tensor('beta', 'bias', shape),
        tensor('mean', 'running_mean', shape, true),
        tensor('variance', 'running_var', shape, true),
      ];
    }
    case 'dense':
      return [
        tensor('kernel', 'weight', [layer.outputs, layer.inputs]),
        tensor('bias', 'bias', [layer.outputs]),
      ];
    default:
      return [];
  }
}
