/**
 * Seconds of one training step by part, as arXiv:2112.05387 names them above its equation 27. Any unit of time does:
 * only ratios enter.
 */
export interface StepParts {
  /** T_d: making the batch. */
  readonly data: number;
  /** T_f and T_b: forward and backward pass of the whole network. */
  readonly forward: number;
  readonly backward: number;
  /** t_psi: the coupling loss and its gradient. */
  readonly coupling: number;
  /** t_f^lambda and t_b^lambda: forward and backward pass of an AuxNet. */
  readonly auxiliaryForward: number;
  readonly auxiliaryBackward: number;
}

/**
 * Equation 27: how much faster K balanced stages on K devices train than one device that trains the whole network,
 *   rho = (T_d + T_f + T_b) / (T_d + (T_f + T_b)/K + t_psi + t_f^lambda + t_b^lambda).
 * @throws RangeError where a part is negative or not finite, or K is no whole number from 1 up
 */
export function predictedSpeedUp(parts: StepParts, stages: number): number {
  checkParts(parts);
  if (!Number.isInteger(stages) || stages < 1) {
    throw new RangeError(`stages is ${stages}; it must be a whole number from 1 up`);
  }
  return serialTime(parts) / (parts.data + passes(parts) / stages + overhead(parts));
}

/** Equation 27 for K -> infinity: (T_d + T_f + T_b) / (T_d + t_psi + t_f^lambda + t_b^lambda). */
export function speedUpBound(parts: StepParts): number {
  checkParts(parts);
  return serialTime(parts) / (parts.data + overhead(parts));
}

/**
 * The smallest K at which equation 27 exceeds 1, or null where none does: K > (T_f + T_b) / (T_f + T_b - overhead),
 * which asks for T_f + T_b > t_psi + t_f^lambda + t_b^lambda.
 */
export function breakEvenStages(parts: StepParts): number | null {
  checkParts(parts);
  const saved = passes(parts) - overhead(parts);
  return saved > 0 ? Math.floor(passes(parts) / saved) + 1 : null;
}

/**
 * Equation 27 without its assumption of balance: the wavefront runs at the pace of its slowest stage.
 * @param serial the whole network's step on one device; its AuxNet and coupling parts are not read
 * @param stages each stage's own step, `forward` and `backward` of its layers alone
 */
export function unevenSpeedUp(serial: StepParts, stages: readonly StepParts[]): number {
  if (stages.length === 0) throw new RangeError('there are no stages');
  [serial, ...stages].forEach(checkParts);
  return serialTime(serial) / Math.max(...stages.map((stage) => serialTime(stage) + overhead(stage)));
}

/**
 * The speed-up of a run that trains the joined network for a share s of its serial time on one device and for a share u on n that
 * share the steps, and is rho times as fast for the rest: 1 / (s + u/n + (1 - s - u) / rho) (Amdahl 1967; docs/method.md, "Speed-up
 * model").
 * @throws RangeError where a share is not one of 1, or there are no replicas
 */
export function withEndToEndShare(speedUp: number, { alone, shared, replicas }: JointShares): number {
  if (!(alone >= 0 && shared >= 0 && alone + shared <= 1)) {
    throw new RangeError(
      `the shares end to end are ${alone} and ${shared}; they must lie between 0 and 1 together`,
    );
  }
  if (!(replicas >= 1)) throw new RangeError(`replicas is ${replicas}; it must be 1 or more`);
  return 1 / (alone + shared / replicas + Math.max(0, 1 - alone - shared) / speedUp);
}

/** Shares of the serial time that the joined network trains in: on one device, and on `replicas` of them. */
export interface JointShares {
  readonly alone: number;
  readonly shared: number;
  readonly replicas: number;
}

const passes = ({ forward, backward }: StepParts): number => forward + backward;
const serialTime = (parts: StepParts): number => parts.data + passes(parts);
const overhead = ({ coupling, auxiliaryForward, auxiliaryBackward }: StepParts): number =>
  coupling + auxiliaryForward + auxiliaryBackward;

function checkParts(parts: StepParts): void {
  for (const [name, seconds] of Object.entries(parts)) {
    if (!(Number.isFinite(seconds) && seconds >= 0)) {
      throw new RangeError(`part ${name} is ${seconds}; it must be a finite time of at least 0`);
    }
  }
}
