/** Figures that an alias may demand. More is better of each. */
export const GATE_METRICS = [
  'accuracy',
  'balanced_accuracy',
  'macro_f1',
  'top_5',
  'auroc',
  'average_precision',
] as const;
export type GateMetric = (typeof GATE_METRICS)[number];

/** One demand of an alias on the model that is to get it. */
export interface Requirement {
  /** Name or id of a dataset. */
  readonly dataset: string;
  readonly split: 'test' | 'validation' | 'train';
  readonly variant: 'full' | 'compact';
  readonly metric: GateMetric;
  /** Null: no lower bound. */
  readonly at_least: number | null;
  /** The model that has this alias now is the other one; null: it is compared with none. */
  readonly not_worse_than: string | null;
  /** The margin by which it may be worse. */
  readonly tolerance: number;
}

/** An evaluation, as far as a rule asks. */
export interface GateEvaluation {
  readonly id: string;
  readonly sha256: string;
  /** Null where the metric does not exist for these images. */
  readonly value: number | null;
}

/** The newest evaluation of a model for a requirement; null where there is none. */
export interface GateEvidence {
  readonly candidate: GateEvaluation | null;
  /** The same for the model with the alias `not_worse_than`; `no_model` if no model has it. */
  readonly champion: GateEvaluation | 'no_model' | null;
}

export interface Verdict {
  readonly met: boolean;
  /** Why, for people. */
  readonly reason: string;
  /** The evaluations that decided. */
  readonly evaluations: readonly string[];
}

/** Whether a requirement is met. Figures are compared on the same images only. */
export function judge(requirement: Requirement, { candidate, champion }: GateEvidence): Verdict {
  const { metric, at_least: least, not_worse_than: rival, tolerance } = requirement;
  const images = `${requirement.split} of ${requirement.dataset}, ${requirement.variant} network`;
  if (candidate === null) return unmet(`There is no evaluation on ${images}.`, []);
  const { value } = candidate;
  if (value === null) return unmet(`The evaluation on ${images} has no ${metric}.`, [candidate.id]);
  if (least !== null && value < least)
    return unmet(`${metric} on ${images} is ${value}, less than ${least}.`, [candidate.id]);
  if (rival === null || champion === 'no_model')
    return { met: true, reason: `${metric} on ${images} is ${value}.`, evaluations: [candidate.id] };
  if (champion === null || champion.value === null)
    return unmet(`The model with the alias ${rival} has no evaluation on ${images}.`, [candidate.id]);
  const both = [candidate.id, champion.id];
  if (champion.sha256 !== candidate.sha256)
    return unmet(`The model with the alias ${rival} was evaluated on other images of ${images}.`, both);
  const compared = `${metric} on ${images} is ${value}, that of ${rival} ${champion.value}`;
  return value >= champion.value - tolerance
    ? { met: true, reason: `${compared}.`, evaluations: both }
    : unmet(`${compared}: worse by more than ${tolerance}.`, both);
}

const unmet = (reason: string, evaluations: readonly string[]): Verdict => ({
  met: false,
  reason,
  evaluations,
});
