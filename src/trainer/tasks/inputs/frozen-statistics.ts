import { describeRun } from '../../../method/index.js';
import { countFrozen } from '../../../network/index.js';
import { TrainedNetwork } from '../../evaluation/index.js';
import type { NamedValues } from '../../optimizer/index.js';
import type { TaskContext } from '../context.js';
import { withReaders } from './readers.js';

/**
 * Statistics of the batch norms that a job freezes, as `<norm>/mean` and `<norm>/variance`: of training images without
 * augmentation, as those of trained blocks are estimated at the end of a job. A function of the weights, the images and the seed.
 */
export async function frozenStatistics(context: TaskContext, weights: NamedValues): Promise<NamedValues> {
  const { spec, dataset } = context.assignment;
  const frozen = countFrozen(describeRun(spec, dataset).network);
  const { network } = describeRun({ ...spec, freeze: null }, dataset);
  const layers = [...network.stem, ...network.blocks.slice(0, frozen).flatMap((block) => block.layers)];
  return withReaders(context, async ({ train }) => {
    const estimated = await TrainedNetwork.calibrate(layers, weights, train, spec.seed);
    const { statistics } = estimated;
    estimated.dispose();
    return new Map(
      [...statistics].flatMap(([name, { mean, variance }]) => [
        [`${name}/mean`, mean],
        [`${name}/variance`, variance],
      ]),
    );
  });
}
