import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
import { outerOf } from '../../method/index.js';
import type { Trained } from './accuracy.js';
import { rounded } from './layouts.js';

type Schemas = components['schemas'];
type PlanChoice = Schemas['PlanChoice'];

/** A way to train, with its price. */
export interface Compared {
  readonly way: Trained;
  readonly method: ResolvedMethod;
  readonly seconds: number;
  /** Seconds of as many epochs as reach the accuracy of back-propagation on one device. */
  readonly equalSeconds: number;
  readonly memory: number;
  readonly fits: boolean;
  readonly bytes: number;
  readonly accuracy: Schemas['PlanAccuracy'];
}

/**
 * The best of each kind, with a sentence why it is the first or why it is not. Those that fit come first, the one with the
 * least time for the same accuracy at the top, and those of unknown accuracy after the others; of those that do not, the one
 * that needs the least memory.
 */
export function reasoned(all: readonly Compared[], memoryBytes: number | null): PlanChoice[] {
  const kinds = new Map<string, Compared>();
  for (const each of all.toSorted(better)) if (!kinds.has(kindOf(each))) kinds.set(kindOf(each), each);
  const best = [...kinds.values()];
  const [first, second] = best;
  if (first === undefined) return [];
  return best.map((each) => ({
    name: nameOf(each.way),
    method: fieldsOf(each.method),
    fits: each.fits,
    seconds: rounded(each.seconds),
    equal_accuracy_seconds: rounded(each.equalSeconds),
    memory_bytes: Math.round(each.memory),
    bytes: Math.round(each.bytes),
    accuracy: each.accuracy,
    reason: reasonOf(each, { first, second, memoryBytes }),
  }));
}

/**
 * The first of the comparison, which always has one device with the whole network.
 * @param assumedBytesPerSecond rate of the links where it is only assumed; null: it is known
 */
export function recommend(
  methods: readonly PlanChoice[],
  assumedBytesPerSecond: number | null,
): Schemas['Plan']['recommendation'] {
  const [first] = methods;
  if (first === undefined) throw new RangeError('there is nothing to recommend');
  const { stages, replicas, end_to_end_replicas: joined } = first.method;
  const reason = first.fits
    ? first.reason
    : `Nothing fits into the memory of the devices: ${first.reason} No other way needs less.`;
  const usesLinks = methods.some(({ bytes }) => bytes > 0);
  const assumption =
    assumedBytesPerSecond !== null && usesLinks
      ? ` The link between the devices is not known; ${megabytes(assumedBytesPerSecond)}/s without delay is assumed.`
      : '';
  return { stages, replicas: stages > 1 ? replicas : joined, reason: reason + assumption };
}

function better(a: Compared, b: Compared): number {
  if (a.fits !== b.fits) return Number(b.fits) - Number(a.fits);
  if (!a.fits) return a.memory - b.memory;
  return Number(isKnown(b)) - Number(isKnown(a)) || a.equalSeconds - b.equalSeconds;
}

/** Whether its accuracy is: time is compared with that of ways of equal accuracy. */
const isKnown = ({ accuracy }: Compared): boolean => accuracy.class !== 'unmeasured';

/** One row of the comparison: a method on one device or on several, with a joined phase or without. */
function kindOf({ way }: Compared): string {
  return [way.method, way.stages * way.replicas > 1, way.joined].join();
}

interface Beside {
  readonly first: Compared;
  readonly second: Compared | undefined;
  readonly memoryBytes: number | null;
}

function reasonOf(each: Compared, { first, second, memoryBytes }: Beside): string {
  const own = phraseOf(each.way);
  if (!each.fits)
    return `${own} needs ${megabytes(each.memory)} on a device, more than ${megabytes(memoryBytes ?? 0)}.`;
  const equally = isKnown(each) ? ' for the same accuracy' : '';
  if (each !== first) return `${own} takes ${comparison(each, first)}${equally}.${accuracyOf(each)}`;
  if (second === undefined)
    return `${own} is the only way here, and takes ${seconds(each)}.${accuracyOf(each)}`;
  const next = second.fits
    ? `Next is ${phraseOf(second.way)}, which takes ${seconds(second)}.`
    : 'Nothing else fits.';
  return `${own} takes the least time${equally}, ${seconds(each)}. ${next}${accuracyOf(each)}`;
}

function comparison(each: Compared, first: Compared): string {
  const times = rounded(Number((each.equalSeconds / first.equalSeconds).toPrecision(3)));
  return `${times === 1 ? 'as long' : `${times} times as long`} as ${phraseOf(first.way)}`;
}

const megabytes = (bytes: number): string => `${rounded(bytes / 1e6)} MB`;
const seconds = ({ equalSeconds }: Compared): string => `${rounded(equalSeconds)} s`;

/** A sentence after another one; none for what all others are compared with. */
function accuracyOf({ accuracy: { class: name, points, studied } }: Compared): string {
  if (name === 'reference') return '';
  if (studied === null || points === null) {
    return ' Its accuracy is not in the study: ways whose accuracy is known come first.';
  }
  const found = studied.reference === 'measured' ? 'it was' : 'it is estimated to be';
  return ` In the study ${found} ${distanceOf(points)} back-propagation on one device after as many epochs.`;
}

function distanceOf(points: number): string {
  const far = Math.abs(points);
  return `${far} ${far === 1 ? 'point' : 'points'} ${points < 0 ? 'below' : 'above'}`;
}

/** The fields of a job's method that choose this way to train. */
function fieldsOf(method: ResolvedMethod): PlanChoice['method'] {
  const { type, stages, replicas, split, memory, memory_bytes, end_to_end_share, end_to_end_replicas } =
    method;
  const outer = outerOf(method) ?? { rate: null, momentum: null };
  return {
    type,
    stages,
    replicas,
    split,
    memory,
    memory_bytes,
    end_to_end_share,
    end_to_end_replicas,
    outer,
  };
}

/** Name of a row: the method, its devices, and what else it has. */
export function nameOf(way: Trained): string {
  const { method, stages, replicas, stageReplicas = 1, joined, outer } = way;
  const each = stageReplicas > 1 ? ` of ${stageReplicas} replicas` : '';
  const steps = outer ? ', steps between rounds' : '';
  if (stages > 1) return `${method}, ${stages} stages${each}${joined ? ', joined at the end' : ''}${steps}`;
  return replicas > 1 ? `local SGD, ${replicas} devices${steps}` : `${method}, one device`;
}

/** The same within a sentence. */
function phraseOf({ method, stages, replicas, stageReplicas = 1, joined, outer }: Trained): string {
  const each = stageReplicas > 1 ? ` of ${stageReplicas} replicas` : '';
  const steps = outer ? ' with steps between rounds' : '';
  if (stages > 1)
    return `${method} in ${stages} stages${each}${joined ? ' that are joined at the end' : ''}${steps}`;
  return replicas > 1 ? `local SGD on ${replicas} devices${steps}` : `${method} on one device`;
}
