import { type Mutant, noticedBy } from '../mutant.js';

const GRAPH = 'src/planning/tasks/task-graph.ts';
const METHODS = 'src/method/rules.ts';
const GRAPH_TEST = 'test/planning/tasks/task-graph.test.ts';

/** Tasks of a job, their costs, and its restart points. */
export const PLANNING: readonly Mutant[] = [
  ...noticedBy(
    'test/planning/forecast/known-link.test.ts',
    'the slowest link counts of those that workers of several hosts have measured',
    [
      {
        name: 'fastest-link',
        fault: 'A plan takes the fastest link for the slowest.',
        file: 'src/planning/forecast/known-link.ts',
        edits: [['Math.min(...links', 'Math.max(...links']],
      },
    ],
  ),
  ...noticedBy(GRAPH_TEST, 'augmented Lagrangian: stage k of a round waits for stage k+1 of the same round', [
    {
      name: 'edge-missing',
      fault: 'Nobody waits for corrections.',
      file: GRAPH,
      edits: [
        [
          'return source ? { [input]: source } : {};',
          "return source && input !== 'corrections' ? { [input]: source } : {};",
        ],
      ],
    },
    {
      name: 'lag-late',
      fault: 'The AuxNet of the augmented Lagrangian is read a round late.',
      file: METHODS,
      edits: [['messages: [auxiliary(0), {', 'messages: [auxiliary(1), {']],
    },
    {
      name: 'state-lag',
      fault: 'A stage goes on from its state of two rounds before.',
      file: GRAPH,
      edits: [["output: 'state', round: round - 1 }", "output: 'state', round: round - 2 }"]],
    },
  ]),
  ...noticedBy(GRAPH_TEST, 'penalty: stage k waits only for the AuxNet of the round before', [
    {
      name: 'lag-early',
      fault: 'The AuxNet of the penalty method is read in its own round.',
      file: METHODS,
      edits: [
        [
          'penalty: { usual: 6 }, messages: [auxiliary(1)]',
          'penalty: { usual: 6 }, messages: [auxiliary(0)]',
        ],
      ],
    },
  ]),
  ...noticedBy(GRAPH_TEST, 'replicas take each step of an end-to-end round once', [
    {
      name: 'replica-left-out',
      fault: 'The last replica is left out of the mean.',
      file: GRAPH,
      edits: [
        [
          'replicasOf(replicasIn(rounds, round)).map((replica) => [',
          'replicasOf(replicasIn(rounds, round) - 1).map((replica) => [',
        ],
      ],
    },
    {
      name: 'replica-stride',
      fault: 'Replicas take every step.',
      file: 'src/method/rounds.ts',
      edits: [['stride: replicas };', 'stride: 1 };']],
    },
  ]),
  ...noticedBy(GRAPH_TEST, 'evaluations run before the stages are joined', [
    {
      name: 'evaluate-shifted',
      fault: 'Evaluations come a round early.',
      file: GRAPH,
      edits: [['(round + 1) % spec.evaluate_every', 'round % spec.evaluate_every']],
    },
    {
      name: 'finalize-early',
      fault: 'The job ends before its evaluations.',
      file: GRAPH,
      edits: [['    ...evaluatedRounds(spec, all).map(evaluateKey),\n', '']],
    },
  ]),
  ...noticedBy(GRAPH_TEST, 'counting the tasks agrees with making them', [
    {
      name: 'count-short',
      fault: 'A job has a task more than it says.',
      file: GRAPH,
      edits: [['return 2 + rounds.warmStartRounds', 'return 1 + rounds.warmStartRounds']],
    },
  ]),
  ...noticedBy(GRAPH_TEST, 'the phases of a run share its steps without a gap', [
    {
      name: 'rounds-overlap',
      fault: 'A round repeats the last step of the one before.',
      file: 'src/method/rounds.ts',
      edits: [
        [
          'const from = part.start + left * cuts.roundSteps',
          'const from = part.start + left * (cuts.roundSteps - 1)',
        ],
      ],
    },
    {
      name: 'phase-gap',
      fault: 'The end-to-end phase leaves out its first step.',
      file: 'src/method/rounds.ts',
      edits: [
        [
          'cut(rounds, warmStartSteps + parallelSteps, totalSteps',
          'cut(rounds, warmStartSteps + parallelSteps + 1, totalSteps',
        ],
      ],
    },
  ]),
  ...noticedBy(GRAPH_TEST, 'a warm start comes first and hands every stage its state', [
    {
      name: 'warm-start-cold',
      fault: 'Stages do not start from the warm network.',
      file: GRAPH,
      edits: [['const handedOver = warmStartRounds > 0 &&', 'const handedOver = warmStartRounds < 0 &&']],
    },
  ]),
  ...noticedBy('test/planning/tasks/restart-points.test.ts', 'a round is kept from its end on', [
    {
      name: 'restart-early',
      fault: 'A restart point of a round says the step where the round began.',
      file: 'src/planning/tasks/restart-points.ts',
      edits: [['step: range.end', 'step: range.start']],
    },
    {
      name: 'restart-part',
      fault: 'A job may start from one of several replicas.',
      file: 'src/planning/tasks/restart-points.ts',
      edits: [['group.length === replicasIn(rounds, round!)', 'group.length >= 1']],
    },
  ]),
  ...noticedBy('test/planning/tasks/time-left.test.ts', 'remaining work of each kind at its own rate', [
    {
      name: 'time-whole',
      fault: 'What is done counts as left.',
      file: 'src/planning/tasks/time-left.ts',
      edits: [['Math.max(0, of.total - of.done)', 'of.total']],
    },
  ]),
  ...noticedBy('test/trainer/equations/speedup.test.ts', 'bound', [
    {
      name: 'speed-up-overhead',
      fault: 'Equation 27 forgets the AuxNets.',
      file: 'src/planning/costs/speedup.ts',
      edits: [['passes(parts) / stages + overhead(parts)', 'passes(parts) / stages + parts.coupling']],
    },
  ]),
  ...noticedBy('test/trainer/equations/speedup.test.ts', 'break', [
    {
      name: 'break-even',
      fault: 'The break-even number of stages is one too small.',
      file: 'src/planning/costs/speedup.ts',
      edits: [['Math.floor(passes(parts) / saved) + 1', 'Math.floor(passes(parts) / saved)']],
    },
  ]),
  ...noticedBy('test/planning/spec/resolve.test.ts', 'auto penalty: 4 or 6', [
    {
      name: 'penalty-fixed',
      fault: 'Without an end-to-end phase the penalty stays fixed.',
      file: 'src/planning/spec/method/penalty.ts',
      edits: [["if (rules.adapts && endToEndShare === 0) return 'adaptive';", '']],
    },
  ]),
  ...noticedBy('test/planning/spec/resolve.test.ts', 'a costly AuxNet moves the balanced split', [
    {
      name: 'split-without-auxiliary',
      fault: 'Splits are balanced without their AuxNets.',
      file: 'src/planning/costs/split.ts',
      edits: [['upTo[end]! - upTo[start]! + starting[start]!', 'upTo[end]! - upTo[start]!']],
    },
  ]),
  ...noticedBy(
    'test/trainer/combinations/combinations.test.ts',
    'a drawn job is planned, or refused with a field and a remedy',
    [
      {
        name: 'plan-infinite',
        fault: 'The plan of a pipeline says that its speed-up is bounded by infinity.',
        file: 'src/planning/forecast/forecast.ts',
        edits: [['return Number.isFinite(bound) ? rounded(bound) : null;', 'return rounded(bound);']],
      },
      {
        name: 'remedy-missing',
        fault: 'The refusal of a field of another optimizer does not say what to do.',
        file: 'src/planning/spec/optimizer.ts',
        edits: [['; leave it out with ', '; of ']],
      },
    ],
  ),
];
