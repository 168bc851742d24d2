/** Solvers of dx/dt = f(x), by the names of `model.solver`: rules, defaults and the coefficients that everything runs from. */
export type SolverName = 'euler' | 'midpoint' | 'rk4' | 'implicit-midpoint';

/**
 * A step of length h: slope i is k_i = f(x + h sum_j before[i][j] k_j), and x moves by h sum_i weights[i] k_i (Hairer,
 * Norsett, Wanner, Solving Ordinary Differential Equations I, section II.1).
 */
export interface Solver {
  readonly before: readonly (readonly number[])[];
  readonly weights: readonly number[];
  /**
   * Whether the last slope stands for the solution k of k = f(x + h/2 k), of which the others are approximations. Its gradient
   * is then that of a solution. Absent: it does not.
   */
  readonly isImplicit?: true;
}

/** Evaluations of the field by which k = f(x + h/2 k) is solved: k <- f(x + h/2 k) from k = 0. */
const FIXED_POINT = 8;
const iterations = [...Array(FIXED_POINT).keys()];

export const SOLVERS: Readonly<Record<SolverName, Solver>> = {
  euler: { before: [[]], weights: [1] },
  midpoint: { before: [[], [1 / 2]], weights: [0, 1] },
  rk4: { before: [[], [1 / 2], [0, 1 / 2], [0, 0, 1]], weights: [1 / 6, 1 / 3, 1 / 3, 1 / 6] },
  'implicit-midpoint': {
    before: iterations.map((index) => iterations.slice(0, index).map((at) => (at === index - 1 ? 1 / 2 : 0))),
    weights: iterations.map((index) => (index === FIXED_POINT - 1 ? 1 : 0)),
    isImplicit: true,
  },
};

export const DEFAULT_SOLVER: SolverName = 'midpoint';
export const DEFAULT_STEPS = 2;

export type GradientName = 'exact' | 'phantom';

/**
 * A sum in place of the inverse in the gradient of an implicit step, (1 - B)^-1 a with B = h/2 J^T: damping times the first
 * `terms` powers of damping B + 1 - damping, applied to a (Geng et al., arXiv:2111.05177).
 */
export interface GradientRule {
  readonly terms: number;
  readonly damping: number;
}

/** `exact` has the error of the solution itself, a power of |B|. `phantom` has a damping of a half. */
export const GRADIENTS: Readonly<Record<GradientName, GradientRule>> = {
  exact: { terms: FIXED_POINT, damping: 1 },
  phantom: { terms: 5, damping: 0.5 },
};
export const DEFAULT_GRADIENT: GradientName = 'exact';

/** Way to integrate a field over an interval of time. */
export interface Integration {
  readonly solver: SolverName;
  /** Steps of equal length. */
  readonly steps: number;
  readonly gradient: GradientName;
  /** Whether the length of the interval is a parameter, which starts at 1. Otherwise it is 1. */
  readonly learnsTime: boolean;
}

/** Fields of a model that say how its fields are integrated. Specs of earlier versions lack them. */
export interface IntegrationFields {
  readonly solver?: SolverName | null;
  readonly steps?: number | null;
  readonly gradient?: GradientName | null;
  readonly learned_time?: boolean;
}

/** A model without those fields that are not set. */
export function withChosenFields<M extends IntegrationFields>({
  solver,
  steps,
  gradient,
  learned_time: learns,
  ...model
}: M): Omit<M, keyof IntegrationFields> & IntegrationFields {
  const chosen = { ...(solver && { solver }), ...(steps && { steps }), ...(gradient && { gradient }) };
  return { ...model, ...chosen, ...(learns && { learned_time: learns }) };
}

/** Slopes of one step, each an evaluation of the field. */
export const slopesOf = ({ solver }: Pick<Integration, 'solver'>): number => SOLVERS[solver].before.length;

/** A slope, and its factor in a sum. */
export interface Term<X> {
  readonly factor: number;
  readonly slope: X;
}

/** Operations of a solver on numbers, tensors, or values of an exported graph. */
export interface Arithmetic<X> {
  /** f at a state: slope `index` of the step. */
  slope(state: X, index: number): X;
  /** The state plus the terms, in order. @param before slope of that index; null: the end of the step */
  moved(state: X, terms: readonly Term<X>[], before: number | null): X;
}

/** The terms of a sum whose coefficient is not 0. @param length of the step */
export function termsOf<X>(coefficients: readonly number[], slopes: readonly X[], length: number): Term<X>[] {
  return coefficients.flatMap((coefficient, index) =>
    coefficient === 0 ? [] : [{ factor: coefficient * length, slope: slopes[index]! }],
  );
}

/** One step from `state`. @param length of the step */
export function solverStep<X>(solver: Solver, state: X, length: number, arithmetic: Arithmetic<X>): X {
  const slopes: X[] = [];
  solver.before.forEach((coefficients, index) => {
    const terms = termsOf(coefficients, slopes, length);
    slopes.push(arithmetic.slope(terms.length > 0 ? arithmetic.moved(state, terms, index) : state, index));
  });
  return arithmetic.moved(state, termsOf(solver.weights, slopes, length), null);
}
