import type { ResolvedMethod } from '../../../contract/spec.js';
import {
  type BlobUri,
  CHECKPOINT_INPUT,
  INITIAL_INPUT,
  replicaInput,
} from '../../../contract/trainer-protocol.js';
import { describeRun } from '../../../method/index.js';
import { isOfClasses, type Origin, originsIn, type ParameterSpec, sizeOf } from '../../../network/index.js';
import {
  type Checkpoint,
  decodeWeights,
  mergeStates,
  openCheckpoint,
  openState,
  readWeightsOf,
} from '../../checkpoint/index.js';
import {
  joinReplicas,
  meanOf,
  meanValues,
  type NamedValues,
  type ReadableState,
  readableInitialValues,
  readNamed,
  readValues,
  startingSlots,
  updateRuleOf,
} from '../../optimizer/index.js';
import { allEnded } from '../all-ended.js';
import { requiredInput, type TaskContext } from '../context.js';
import { frozenStatistics } from './frozen-statistics.js';

const FIRST_KERNEL = 'stem/conv/kernel';

/**
 * The state of an input, or the mean of the states of its replicas. Arrays of files are read when they are asked for.
 * @param method whose step between rounds replicas of the joined network take; null: none
 */
export async function readState(
  context: TaskContext,
  input: string,
  method: ResolvedMethod | null = null,
): Promise<ReadableState> {
  const read = async (name: string) => {
    const uri = requiredInput(context, name);
    return context.carried?.take(uri) ?? (await openState(await context.blobs.localPath(uri)));
  };
  const replicas = replicaInputs(context, input);
  return replicas.length === 0 ? read(input) : joinReplicas(await allEnded(replicas.map(read)), method);
}

/** The blob of an input, of replicas that of the first one; undefined where the task has no such input. */
export function anyOf({ assignment: { inputs } }: TaskContext, input: string): BlobUri | undefined {
  return inputs[input] ?? inputs[replicaInput(input, 0)];
}

/** Whether the task has this input, from one task or from replicas. */
export function hasInput(context: TaskContext, input: string): boolean {
  return anyOf(context, input) !== undefined;
}

/** The inputs of replicas, in their order: every reader must get the same bits. */
function replicaInputs({ assignment: { inputs } }: TaskContext, input: string): string[] {
  const names: string[] = [];
  while (inputs[replicaInput(input, names.length)] !== undefined)
    names.push(replicaInput(input, names.length));
  return names;
}

/** The checkpoint of an earlier attempt of this task; null for the first attempt. */
export async function readCheckpoint({ assignment, blobs }: TaskContext): Promise<Checkpoint | null> {
  const uri = assignment.inputs[CHECKPOINT_INPUT];
  return uri === undefined ? null : openCheckpoint(await blobs.localPath(uri));
}

/** The weights of an AuxNet as its stage stored them, or the mean of its replicas; null before its first round. */
export async function readWeights(context: TaskContext, input: string): Promise<NamedValues | null> {
  const { assignment, blobs } = context;
  const replicas = replicaInputs(context, input);
  const uris = (replicas.length > 0 ? replicas : [input]).flatMap((name) => assignment.inputs[name] ?? []);
  if (uris.length === 0) return null;
  return meanValues(await allEnded(uris.map(async (uri) => decodeWeights(await blobs.get(uri)))));
}

/**
 * Initial weights of `parameters`. With `init_from`: the weights of that network, if it has the parameter in the
 * same size (the mean of replicas, which follow each other; of its stages, in order, the last one that has it, since a
 * stage may hold copies of later ones). Otherwise random values; so are the layers that tell classes apart where the job
 * asks for a new head. A job that refines a network starts each block from its origin there. Statistics of frozen batch
 * norms that are not given are estimated.
 */
export async function initialWeights(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
): Promise<NamedValues> {
  return readNamed(await startingWeights(context, parameters));
}

/** The same; random values are made when they are read. */
async function startingWeights(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
): Promise<ReadableState['weights']> {
  const {
    assignment: { inputs, spec },
    blobs,
  } = context;
  const weights = new Map(readableInitialValues(parameters, spec.seed));
  const hasNewHead = spec.init_from?.head === 'new';
  const uris = Object.entries(inputs).flatMap(([name, uri]) => (name.startsWith(INITIAL_INPUT) ? [uri] : []));
  const found = new Map<string, Float32Array[]>();
  let namesBefore = '';
  const keepsStatistics = spec.init_from?.statistics === 'keep';
  const wanted = parameters.filter(
    ({ name, fixed }) => !(hasNewHead && isOfClasses(name)) && (fixed !== 'statistic' || keepsStatistics),
  );
  const originOf = originsFor(context);
  const origins = wanted.map((parameter) => ({ parameter, ...originOf(parameter.name) }));
  const names = new Set([FIRST_KERNEL, ...origins.flatMap(({ name }) => name ?? [])]);
  for (const uri of uris) {
    const stored = await readWeightsOf(await blobs.localPath(uri), names);
    // Replicas have the same parameters, stages have not.
    const namesHere = [...stored.keys()].sort().join();
    const isReplica = namesHere === namesBefore;
    namesBefore = namesHere;
    for (const { parameter, name, factor } of origins) {
      const values =
        name === null ? readValues(weights.get(parameter.name)!) : fitted(parameter, stored.get(name));
      const before = (isReplica && found.get(parameter.name)) || [];
      if (values !== null) found.set(parameter.name, [...before, times(values, factor)]);
    }
  }
  for (const [name, kept] of found) weights.set(name, meanOf(kept));
  const lacksStatistics = parameters.some(({ name, fixed }) => fixed === 'statistic' && !found.has(name));
  return lacksStatistics
    ? new Map([...weights, ...(await frozenStatistics(context, readNamed(weights)))])
    : weights;
}

/** The places of parameters in the network that the job starts from. */
function originsFor({ assignment: { spec, dataset } }: TaskContext): (name: string) => Origin {
  if (!spec.init_from?.refine) return (name) => ({ name, factor: 1 });
  return originsIn(spec.model, describeRun(spec, dataset).network);
}

function times(values: Float32Array, factor: number): Float32Array {
  return factor === 1 ? values : values.map((value) => value * factor);
}

const COLORS = 3;

/**
 * Null for stored values of another size. The first kernel of a network for colors takes gray images as the sum over its colors:
 * what it computes of three equal channels.
 */
function fitted({ name, shape }: ParameterSpec, stored: Float32Array | undefined): Float32Array | null {
  const size = sizeOf({ shape });
  if (stored?.length === size) return stored;
  const [, , channels, outputs] = shape;
  if (name !== FIRST_KERNEL || channels !== 1 || stored?.length !== COLORS * size || !outputs) return null;
  return Float32Array.from({ length: size }, (_, index) => {
    const [place, output] = [Math.floor(index / outputs), index % outputs];
    const color = (number: number) => stored[(place * COLORS + number) * outputs + output]!;
    return color(0) + color(1) + color(2);
  });
}

/** The same, with a new optimizer. */
export async function initialState(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
): Promise<ReadableState> {
  const rule = updateRuleOf(context.assignment.spec.optimizer);
  return { weights: await startingWeights(context, parameters), slots: startingSlots(parameters, rule) };
}

/** Stages without a task keep their initial state, and so do parameters that were not trained before. */
export async function completed(
  context: TaskContext,
  parameters: readonly ParameterSpec[],
  state: ReadableState,
): Promise<ReadableState> {
  const missing = parameters.filter(({ name }) => !state.weights.has(name));
  return mergeStates([await initialState(context, missing), state]);
}
