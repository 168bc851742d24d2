import type { ModelInput, Preparation } from '../../images/preparation.js';
import type { Padding, PaddingRule } from '../../network/index.js';
import type { InferenceModel } from './inference-layers.js';

/** The content of `config.json`. */
export interface Config {
  readonly classes: readonly string[];
  readonly image: InferenceModel['manifest']['image'];
  readonly mean: readonly number[];
  readonly standard_deviation: readonly number[];
  readonly norm_epsilon: number;
  readonly input: ModelInput;
  /** Resize and crop of photographs before the network. Absent if the dataset's images have the input's size. */
  readonly preparation?: Preparation;
  readonly layers: readonly ConfigLayer[];
}

export type ConfigLayer =
  | (Named<'conv'> & Window & { readonly weights?: string })
  | (Named<'integral'> & {
      readonly channels: number;
      readonly steps: readonly {
        readonly slopes: readonly {
          readonly before: readonly number[];
          readonly layers: readonly ConfigLayer[];
        }[];
        readonly weights: readonly number[];
      }[];
    })
  | (Named<'max-pool'> & Window)
  | Named<'norm'>
  | Named<'scale'>
  | Named<'pool'>
  | Named<'dense'>
  | (Pick<Named<'residual'>, 'op' | 'relu'> & {
      readonly branch: readonly ConfigLayer[];
      readonly shortcut: readonly ConfigLayer[];
    });

interface Named<Op> {
  readonly op: Op;
  readonly name: string;
  readonly relu?: boolean;
}

interface Window {
  readonly size: number;
  readonly stride: number;
  /** left, right, top, bottom: the order of torch.nn.functional.pad */
  readonly padding: TorchPadding;
}

export type TorchPadding = readonly [number, number, number, number];

export const torchPadding = ({ left, right, top, bottom }: Padding): TorchPadding => [
  left,
  right,
  top,
  bottom,
];

/** The padding in numbers, and the rule of which it is: with equal sides, the symmetric one is right for any input. */
export function fromTorchPadding({ stride, padding }: Pick<Window, 'stride' | 'padding'>) {
  const [left, right, top, bottom] = padding;
  const rule: PaddingRule = stride > 1 && left === right && top === bottom ? 'symmetric' : 'same';
  return { padding: { left, right, top, bottom } satisfies Padding, rule };
}
