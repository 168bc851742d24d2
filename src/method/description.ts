/** An output of the task of one stage that is an input of a neighbor's task, in every round. */
export interface Message {
  /** Name of the sender's output. */
  readonly output: string;
  /** Name of the reader's input. */
  readonly input: string;
  /** The reader of the message of stage k: stage k-1, stage k+1, or stage k itself. */
  readonly to: 'upstream' | 'downstream' | 'itself';
  /**
   * Number of rounds between sending and reading. With 0, the reader waits for the sender. With 1, it reads nothing
   * in round 0.
   */
  readonly lag: 0 | 1;
  /** True if stage 0 does not send this message. */
  readonly notOfFirst?: boolean;
}

/** Rules for `method.penalty`, the weight of the coupling of a stage with the next one. */
export interface PenaltyRules {
  /** Value of `auto`, lowered where the learning rate demands it. */
  readonly usual: number;
  /**
   * Whether `adaptive` can be used: the rule needs the gradient that the next stage sends. Without an end-to-end phase,
   * it is then the value of `auto`.
   */
  readonly adapts?: boolean;
  /** Whether the stages also learn from each other with a penalty below 3, so that no learning rate is too high. */
  readonly bearsLow?: boolean;
}

/**
 * A training method from the view of its stages. src/planning/tasks/task-graph.ts derives the edges of the task
 * graph from it, and the stage task of the trainer its inputs and outputs. In every method, the state of a stage
 * goes from round to round.
 */
export interface MethodDescription {
  /** Whether the method trains the whole network as one stage, and so cannot have more. */
  readonly isSerial?: boolean;
  /** Whether stages k >= 1 get their inputs from AuxNets that are trained with them. */
  readonly hasAuxiliaries: boolean;
  /** Set if stages k < K-1 learn from a coupling with the next stage, which `method.penalty` weights. */
  readonly penalty: PenaltyRules | null;
  /** Whether a job chooses the distance of this coupling (coupling-losses.ts). Absent: it is the squared one. */
  readonly choosesCoupling?: boolean;
  /**
   * Whether stages k < K-1 learn from their own small classifiers, which are dropped when the stages are joined.
   */
  readonly hasHeads: boolean;
  /**
   * The stages that train in the layer-parallel phase. `every-stage`: each in its own tasks. `jointly`: all in one
   * task per round, because they exchange messages in every step. Other stages keep their initial weights.
   */
  readonly trains: 'every-stage' | 'last-stage' | 'jointly';
  /** Whether the stages exchange messages `message_rounds` times within a batch, before any weights change. */
  readonly exchangesWithinBatch?: boolean;
  /**
   * Whether each batch goes through all stages and its gradient back, while later batches are under way (lags.ts). The
   * stages then train the joined network itself, so that no end-to-end phase follows by default.
   */
  readonly isPipelined?: boolean;
  /**
   * Whether the inputs of stages k >= 1 are variables stored for every sample, with one of the couplings of
   * couplings.ts. Augmentation is then impossible.
   */
  readonly storesVariables?: boolean;
  /** Whether its rounds depend on one network, so that its blocks cannot become more while it trains (levels.ts). */
  readonly keepsNetwork?: boolean;
  /** Whether plans compare it with the others and may recommend it. The rest are for studies. */
  readonly isPlanned?: boolean;
  readonly messages: readonly Message[];
}
