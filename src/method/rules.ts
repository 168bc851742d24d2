import type { ResolvedMethod } from '../contract/spec.js';
import type { Message, MethodDescription } from './description.js';

export type MethodType = ResolvedMethod['type'];

const auxiliary = (lag: 0 | 1): Message => ({
  output: 'auxiliary',
  input: 'auxiliary',
  to: 'upstream',
  lag,
});

const ALONE = { penalty: null, hasHeads: false, trains: 'every-stage', messages: [] } as const;
const COUPLED = { hasAuxiliaries: true, hasHeads: false, trains: 'every-stage' } as const;

/**
 * Defaults and rules of every method of the contract, the one place that planner and trainer read them from. The usual
 * penalties are just strong enough if an end-to-end phase follows (docs/method.md, "The choice of beta").
 */
export const METHODS: Readonly<Record<MethodType, MethodDescription>> = {
  backprop: { ...ALONE, hasAuxiliaries: false, isSerial: true, isPlanned: true },
  // No other message comes from downstream, so with the AuxNets of the previous round all stages of a round can run
  // at once.
  penalty: { ...COUPLED, choosesCoupling: true, penalty: { usual: 6 }, messages: [auxiliary(1)] },
  'augmented-lagrangian': {
    ...COUPLED,
    penalty: { usual: 4, adapts: true },
    choosesCoupling: true,
    isPlanned: true,
    messages: [auxiliary(0), { output: 'corrections', input: 'corrections', to: 'upstream', lag: 0 }],
  },
  // The true features of every batch travel downstream with the forward pass. Nothing travels upstream.
  'local-heads': {
    ...ALONE,
    hasAuxiliaries: false,
    hasHeads: true,
    messages: [{ output: 'features', input: 'features', to: 'downstream', lag: 0 }],
  },
  // Features go down and gradients up in every step, within the task of a round: no message outlives it.
  pipeline: { ...ALONE, hasAuxiliaries: false, trains: 'jointly', isPipelined: true, isPlanned: true },
  // The control for all other methods: only the last stage trains before the end-to-end phase.
  frozen: { ...ALONE, hasAuxiliaries: true, trains: 'last-stage', keepsNetwork: true },
  stored: {
    ...COUPLED,
    hasAuxiliaries: false,
    penalty: { usual: 4 },
    storesVariables: true,
    // Variables that no step has changed are features of the untrained network.
    keepsNetwork: true,
    messages: [
      { output: 'variables', input: 'variables', to: 'itself', lag: 1, notOfFirst: true },
      { output: 'variables', input: 'downstream_variables', to: 'upstream', lag: 1 },
      { output: 'features', input: 'features', to: 'downstream', lag: 1 },
    ],
  },
  // Back-propagation's gradient comes from the messages alone, since the stages exchange them within a batch.
  rounds: {
    ...COUPLED,
    penalty: { usual: 4, bearsLow: true },
    trains: 'jointly',
    exchangesWithinBatch: true,
    messages: [],
  },
};

const TYPES = Object.keys(METHODS) as MethodType[];

/** The methods with some property, as an error names them. */
export function methodsWith(holds: (method: MethodDescription) => boolean): MethodType[] {
  return TYPES.filter((type) => holds(METHODS[type]));
}
