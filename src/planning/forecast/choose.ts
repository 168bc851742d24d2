import type { components } from '../../contract/generated/openapi.js';
import type { ResolvedMethod } from '../../contract/spec.js';
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
 * least time for the same accuracy at the top; of those that do not, the one that needs the least memory.
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

/** The first of the comparison, which always has one device with the whole network. */
export function recommend(methods: readonly PlanChoice[]): Schemas['Plan']['recommendation'] {
  const [first] = methods;
  if (first === undefined) throw new RangeError('there is nothing to recommend');
  const { stages, replicas, end_to_end_replicas: joined } = first.method;
  const reason = first.fits ? first.reason : `Nothing fits into the memory of the devices: ${first.reason}`;
  return { stages, replicas: stages > 1 ? replicas : joined, reason };
}

function better(a: Compared, b: Compared): number {
  if (a.fits !== b.fits) return Number(b.fits) - Number(a.fits);
  return a.fits ? a.equalSeconds - b.equalSeconds : a.memory - b.memory;
}

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
  const own = nameOf(each.way);
  if (!each.fits)
    return `${own} needs ${megabytes(each.memory)} on a device, more than ${megabytes(memoryBytes ?? 0)}.`;
  if (each !== first) return `${own} takes ${comparison(each, first)}${accuracyOf(each)}.`;
  const beside = second?.fits ? `, ${nameOf(second.way)} ${seconds(second)}` : ', and nothing else fits';
  const only = second === undefined ? '' : beside;
  return `${own} needs the least time for the same accuracy: ${seconds(each)}${only}${accuracyOf(each)}.`;
}

function comparison(each: Compared, first: Compared): string {
  const times = rounded(Number((each.equalSeconds / first.equalSeconds).toPrecision(3)));
  return `${times} times as long as ${nameOf(first.way)} for the same accuracy`;
}

const megabytes = (bytes: number): string => `${rounded(bytes / 1e6)} MB`;
const seconds = ({ equalSeconds }: Compared): string => `${rounded(equalSeconds)} s`;

function accuracyOf({ accuracy: { class: name, points, studied } }: Compared): string {
  if (name === 'reference') return '';
  if (studied === null || points === null) return '; its accuracy is not in the study';
  const difference = `${Math.abs(points)} points ${points < 0 ? 'below' : 'above'}`;
  return `; in the study it is ${difference} back-propagation on one device after as many epochs`;
}

/** The fields of a job's method that choose this way to train. */
function fieldsOf(method: ResolvedMethod): PlanChoice['method'] {
  const { type, stages, replicas, split, memory, memory_bytes, end_to_end_share, end_to_end_replicas } =
    method;
  return { type, stages, replicas, split, memory, memory_bytes, end_to_end_share, end_to_end_replicas };
}

export function nameOf({ method, stages, replicas, stageReplicas = 1, joined }: Trained): string {
  const each = stageReplicas > 1 ? ` of ${stageReplicas} replicas` : '';
  if (stages > 1) return `${method}, ${stages} stages${each}${joined ? ', joined at the end' : ''}`;
  return replicas > 1 ? `local SGD, ${replicas} devices` : `${method}, one device`;
}
