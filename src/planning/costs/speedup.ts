/**
 * Seconds of one training step by part, as named in arXiv:2112.05387 before equation 27. Any unit of time is
 * possible, because only ratios are used.
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
 * Equation 27: speed-up of K balanced stages on K devices over one device that trains the whole network, rho = (T_d
 * + T_f + T_b) / (T_d + (T_f + T_b)/K + t_psi + t_f^lambda + t_b^lambda).
 * @throws RangeError if a part is negative or not finite, or if K is not a whole number of at least 1
 */
export function predictedSpeedUp(parts: StepParts, stages: number): number {
  checkParts(parts);
  if (!Number.isInteger(stages) || stages < 1) {
    throw new RangeError(`stages is ${stages}; it must be a whole number of at least 1`);
  }
  return serialTime(parts) / (parts.data + passes(parts) / stages + overhead(parts));
}

/** Equation 27 for K -> infinity: (T_d + T_f + T_b) / (T_d + t_psi + t_f^lambda + t_b^lambda). */
export function speedUpBound(parts: StepParts): number {
  checkParts(parts);
  return serialTime(parts) / (parts.data + overhead(parts));
}

/**
 * The smallest K at which equation 27 exceeds 1, or null if there is none: K > (T_f + T_b) / (T_f + T_b -
 * overhead). This requires T_f + T_b > t_psi + t_f^lambda + t_b^lambda.
 */
export function breakEvenStages(parts: StepParts): number | null {
  checkParts(parts);
  const saved = passes(parts) - overhead(parts);
  return saved > 0 ? Math.floor(passes(parts) / saved) + 1 : null;
}

/**
 * Equation 27 without the assumption of balance: the slowest stage sets the pace.
 * @param serial the step of the whole network on one device; its AuxNet and coupling parts are ignored
 * @param stages the step of each stage; `forward` and `backward` include only its own layers
 */
export function unevenSpeedUp(serial: StepParts, stages: readonly StepParts[]): number {
  if (stages.length === 0) throw new RangeError('the list of stages is empty');
  [serial, ...stages].forEach(checkParts);
  return serialTime(serial) / Math.max(...stages.map((stage) => serialTime(stage) + overhead(stage)));
}

/**
 * Speed-up of a whole run. The joined network trains for a share s of its serial time on one device, and for a
 * share u on n devices that share the steps. The rest is rho times as fast: 1 / (s + u/n + (1 - s - u) / rho)
 * (Amdahl 1967; docs/method.md, "Speed-up model").
 * @throws RangeError if the shares are not between 0 and 1 together, or if there are no replicas
 */
export function withEndToEndShare(speedUp: number, { alone, shared, replicas }: JointShares): number {
  if (!(alone >= 0 && shared >= 0 && alone + shared <= 1)) {
    throw new RangeError(
      `the end-to-end shares are ${alone} and ${shared}; their sum must be between 0 and 1`,
    );
  }
  if (!(replicas >= 1)) throw new RangeError(`replicas is ${replicas}; it must be at least 1`);
  return 1 / (alone + shared / replicas + Math.max(0, 1 - alone - shared) / speedUp);
}

/** Shares of the serial time in which the joined network trains: on one device, and on `replicas` devices. */
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
