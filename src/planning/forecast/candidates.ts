import { JOB_DEFAULTS } from '../../contract/generated/defaults.js';
import type { DatasetFacts, JobSpec, ResolvedMethod, ResolvedSpec } from '../../contract/spec.js';
import {
  describeMethod,
  isPipelined,
  MEMORY_POLICIES,
  type MemoryPolicy,
  type MethodType,
  methodsWith,
  roundsOf,
  stageReplicasOf,
} from '../../method/index.js';
import { BALANCED, type Balance } from '../costs/split.js';
import { maxReplicas } from '../spec/method/end-to-end.js';
import { resolveMethod } from '../spec/method/resolve-method.js';
import { optimizerMemory } from '../spec/optimizer.js';

type MethodSpec = JobSpec['method'];

/** More devices than this for one network are beyond the study of accuracy. */
const MAX_DEVICES = 8;

/** Balanced splits of a method into 1, 2, 3, ... stages. */
export type Splits = (
  method: ResolvedMethod,
  balance: Balance,
  /** Absent: as many stages as plans compare. */
  most?: number,
) => readonly (readonly number[])[];

/** Every way to train a job on up to `devices` devices that plans compare, with all choices made. */
export function candidates(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  devices: number,
  splits: Splits,
): ResolvedMethod[] {
  const max = Math.min(devices, MAX_DEVICES);
  const resolve = resolver(spec, dataset);
  return methodsWith(({ isPlanned }) => isPlanned === true).flatMap((type) => {
    const base = baseOf(spec, type);
    if (describeMethod({ type }).isSerial) return serialOn(spec, dataset, max, base).flatMap(resolve);
    const two = max > 1 ? resolve({ ...base, stages: 2, split: 'auto' })[0] : undefined;
    return two === undefined ? [] : stagedOn(max, base, two, splits).flatMap(resolve);
  });
}

/** The method of each kind that trains `stages` stages at once, by its own defaults, balanced by time. */
export function methodsOfStages(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  stages: number,
  splits: Splits,
): ResolvedMethod[] {
  const resolve = resolver(spec, dataset);
  const types = methodsWith(({ isPlanned, isSerial }) => isPlanned === true && !isSerial);
  return types.flatMap((type) => {
    const base = baseOf(spec, type);
    const two = resolve({ ...base, stages: 2, split: 'auto' })[0];
    const split = two && splits(two, BALANCED_BY_TIME)[stages - 1];
    return split?.length === stages ? resolve({ ...base, stages, split: [...split] }) : [];
  });
}

const BALANCED_BY_TIME: Balance = 'auto';

/** Resolves a method of the job; nothing where it would be refused. */
function resolver(spec: ResolvedSpec, dataset: DatasetFacts) {
  return (method: MethodSpec): ResolvedMethod[] => {
    const problems: string[] = [];
    const found = resolveMethod({ ...spec, method }, dataset, (_, problem) => void problems.push(problem));
    return found === null || problems.length > 0 ? [] : [found];
  };
}

/** The job's own settings for its own method; else the defaults. */
function baseOf({ method }: ResolvedSpec, type: MethodType): MethodSpec {
  if (method.type !== type) return { ...JOB_DEFAULTS.method, type } as MethodSpec;
  return { ...method, end_to_end_replicas: null };
}

/** Rate and momentum of the steps between rounds in the study (docs/accuracy.md). */
const STUDIED_OUTER: Pick<MethodSpec, 'outer'> = { outer: { rate: 0.7, momentum: 0.5 } };

/** The steps between rounds of the job, and those of the study where it has none. */
function outers({ outer }: MethodSpec): Pick<MethodSpec, 'outer'>[] {
  return outer.rate === null ? [{ outer }, STUDIED_OUTER] : [{ outer }];
}

/** One device, and as many replicas as there are devices and the optimizer's memory bears. */
function serialOn(spec: ResolvedSpec, dataset: DatasetFacts, max: number, base: MethodSpec): MethodSpec[] {
  const { totalSteps } = roundsOf(spec, dataset);
  const replicas = Math.min(max, maxReplicas(totalSteps, optimizerMemory(spec.optimizer)));
  const alone = { ...base, stages: 1, split: 'auto' as const, end_to_end_share: null };
  const one = { ...alone, outer: { rate: null, momentum: null } };
  const shared = { ...alone, end_to_end_share: 1, end_to_end_replicas: replicas };
  const ways = replicas > 1 ? [one, ...outers(base).map((outer) => ({ ...shared, ...outer }))] : [one];
  return ways.flatMap((way) => inMemory(base).map((memory) => ({ ...way, ...memory })));
}

/** Each number of stages, balanced by time and by memory, with each choice that trades memory for time. */
function stagedOn(max: number, base: MethodSpec, two: ResolvedMethod, splits: Splits): MethodSpec[] {
  const most = Math.floor(max / stageReplicasOf(base));
  const balanced = balances().flatMap((balance) => splits(two, balance).slice(1, most));
  const cuts = [...new Map(balanced.map((split) => [split.join(), split])).values()];
  const phases: Partial<MethodSpec>[] = isPipelined(two) ? outers(base) : [{}, { end_to_end_share: 0 }];
  const variants = phases.flatMap((phase) => inMemory(base).map((memory) => ({ ...phase, ...memory })));
  return cuts.flatMap((split) =>
    variants.map((variant) => ({ ...base, ...variant, stages: split.length, split: [...split] })),
  );
}

const balances = (): Balance[] => Object.keys(BALANCED) as Balance[];

/** The job's own policy, and those that change no gradient. */
function inMemory({ memory, memory_bytes }: MethodSpec): Pick<MethodSpec, 'memory' | 'memory_bytes'>[] {
  const policies = Object.keys(MEMORY_POLICIES) as MemoryPolicy[];
  const exact = policies.filter((policy) => MEMORY_POLICIES[policy].isExact);
  const others = exact.filter((policy) => policy !== memory || memory_bytes !== null);
  return [
    ...(memory === null ? [] : [{ memory, memory_bytes }]),
    ...others.map((policy) => ({ memory: policy, memory_bytes: null })),
  ];
}
