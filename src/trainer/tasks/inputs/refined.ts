import type { ResolvedSpec } from '../../../contract/spec.js';
import { coarserModel, countLevels, describeRun, type RunDescription } from '../../../method/index.js';
import { blockFactor, type Origin, originsIn, type ParameterSpec } from '../../../network/index.js';
import {
  initialValues,
  type ReadableState,
  readValues,
  startingSlots,
  updateRuleOf,
} from '../../optimizer/index.js';
import type { TaskContext } from '../context.js';

/**
 * The state of earlier rounds as a round begins with it. Where it is of an earlier level of the job than `run`, each block
 * becomes two as in a job with `init_from.refine`, and the optimizer has no memories. Any other state is returned as it is.
 * @param parameters of the same part of the network as the state's; those that it has no values for are left out
 */
export function refined(
  { assignment: { spec, dataset } }: TaskContext,
  { network }: Pick<RunDescription, 'network'>,
  parameters: readonly ParameterSpec[],
  state: ReadableState,
): ReadableState {
  if (countLevels(spec.method) === 1) return state;
  const blocks = countBlocks(parameters.map(({ name }) => name));
  const doublings = Math.log2(blocks / countBlocks([...state.weights.keys()]));
  // A state without blocks is that of no stage.
  if (!Number.isInteger(doublings) || doublings <= 0) return state;
  const levelsLeft = Math.log2(blockFactor(network));
  const origins = Array.from({ length: doublings }, (_, index) => {
    const left = levelsLeft + index;
    return originsIn(coarserModel(spec.model, left), describeRun(spec, dataset, null, left).network);
  });
  const found = parameters.flatMap((parameter) => {
    const values = valuesOf(parameter, origins, state.weights, spec);
    return values === null ? [] : [{ parameter, values }];
  });
  return {
    weights: new Map(found.map(({ parameter: { name }, values }) => [name, values])),
    slots: startingSlots(
      found.map(({ parameter }) => parameter),
      updateRuleOf(spec.optimizer),
    ),
  };
}

const BLOCK = /^block\d+(?=\/)/;

function countBlocks(names: readonly string[]): number {
  return new Set(names.flatMap((name) => BLOCK.exec(name)?.[0] ?? [])).size;
}

/** New arrays, since the two blocks of a pair train apart. Null where the state has none. */
function valuesOf(
  parameter: ParameterSpec,
  [first, ...others]: readonly ((name: string) => Origin)[],
  state: ReadableState['weights'],
  spec: ResolvedSpec,
): Float32Array | null {
  if (!first) {
    const values = state.get(parameter.name);
    return values === undefined ? null : readValues(values).slice();
  }
  const { name, factor } = first(parameter.name);
  const values =
    name === null
      ? initialValues([parameter], spec.seed).get(parameter.name)!
      : valuesOf({ ...parameter, name }, others, state, spec);
  return factor === 1 || values === null ? values : values.map((value) => value * factor);
}
