import { type Mutant, noticedBy } from '../mutant.js';

const NEGATED = 'upload(read(inputGradient).map((g) => -g), inputGradient.shape)';
const TENTH = 'upload(read(inputGradient).map((g) => g / 10), inputGradient.shape)';
const WITH_READ = [
  "import { free, type Tensor } from '../runtime/index.js';",
  "import { free, read, type Tensor, upload } from '../runtime/index.js';",
] as const;
const STEPS = 'src/trainer/training/part-step.ts';
const COUPLING = 'src/trainer/objective/coupling-objective.ts';
const PART = 'src/trainer/tasks/train/part.ts';

/** The training loop, its objectives and its optimiser. */
export const TRAINING: readonly Mutant[] = [
  ...noticedBy(
    'test/trainer/messages/stream/network.test.ts',
    'a stranger without the secret, or with that of another stream, is not let in',
    [
      {
        name: 'any-stream',
        fault: 'A trainer of another stream of the gang is let in.',
        file: 'src/trainer/messages/stream/ends.ts',
        edits: [
          [
            "asked === identity ? Buffer.from(secret, 'hex') : null",
            "asked ? Buffer.from(secret, 'hex') : null",
          ],
        ],
      },
    ],
  ),
  ...noticedBy(
    'test/trainer/messages/stream/network.test.ts',
    'a neighbor that says nothing is given up after six signs of life',
    [
      {
        name: 'endless-silence',
        fault: 'A neighbor that is cut off is waited for.',
        file: 'src/trainer/messages/stream/silence.ts',
        edits: [['if (missing > MISSING_PINGS)', 'if (missing > 1_000)']],
      },
    ],
  ),
  ...noticedBy('test/trainer/equations/one-loop.test.ts', 'move stages and AuxNets as one plain loop does', [
    {
      name: 'aux-sign',
      fault: 'Every AuxNet climbs its gradient.',
      file: STEPS,
      edits: [WITH_READ, ['lambda.pullback(inputGradient)', `lambda.pullback(${NEGATED})`]],
    },
    {
      name: 'aux-scale',
      fault: 'AuxNets get a tenth of their gradient.',
      file: STEPS,
      edits: [WITH_READ, ['lambda.pullback(inputGradient)', `lambda.pullback(${TENTH})`]],
    },
    {
      name: 'aux-stale',
      fault: 'lambda is recomputed from the untrained AuxNet.',
      file: 'src/trainer/tasks/train/methods/coupled.ts',
      edits: [["(await readWeights(context, 'auxiliary')) ?? ", '']],
    },
    {
      name: 'aux-rate',
      fault: 'The learning rate of AuxNets is ignored.',
      file: PART,
      edits: [['names.has(parameter.name) ? factor', 'names.has(parameter.name) ? 1']],
    },
    {
      name: 'aux-decay',
      fault: 'AuxNets have no weight decay.',
      file: 'src/trainer/optimizer/from-spec.ts',
      edits: [
        ['(decays(parameter) ? spec', "(decays(parameter) && !parameter.name.startsWith('aux') ? spec"],
      ],
    },
    {
      name: 'g-double',
      fault: 'The message upstream is twice g.',
      file: PART,
      edits: [
        [
          "import type { Tensor } from '../../runtime/index.js';",
          "import { read, type Tensor, upload } from '../../runtime/index.js';",
        ],
        [
          "spool?.name === 'corrections' ? write",
          "spool?.name === 'corrections' ? (g) => write(upload(read(g).map((v) => 2 * v), g.shape))",
        ],
      ],
    },
    {
      name: 'g-shift',
      fault: 'A stage meets g of the step before.',
      file: COUPLING,
      edits: [['corrections?.read(step)', 'corrections?.read(step % 4 === 0 ? step : step - 1)']],
    },
    {
      name: 'lambda-other',
      fault: 'lambda is recomputed on other images.',
      file: COUPLING,
      edits: [
        [
          "import { free, readScalar, type Tensor } from '../runtime/index.js';",
          "import { free, read, readScalar, type Tensor, upload } from '../runtime/index.js';",
        ],
        [
          'batch.images, downstream.weights',
          'upload(read(batch.images).map((v) => v + v * v), batch.images.shape), downstream.weights',
        ],
      ],
    },
    {
      name: 'label-smoothing-last',
      fault: 'The last stage does not smooth its labels.',
      file: 'src/trainer/tasks/train/stage.ts',
      edits: [
        [
          'return classificationObjective(context.assignment.spec.label_smoothing)',
          'return classificationObjective(0)',
        ],
      ],
    },
    {
      name: 'clip-off',
      fault: 'Gradients are not clipped.',
      file: 'src/trainer/optimizer/from-spec.ts',
      edits: [['clipNorm: spec.clip_norm', 'clipNorm: null']],
    },
    {
      name: 'rate-early',
      fault: 'The cosine is a step ahead.',
      file: 'src/trainer/optimizer/schedule.ts',
      edits: [['(at - warmup) / between', '(at + 1 - warmup) / between']],
    },
    {
      name: 'dropout-step',
      fault: 'Every step has the same dropout masks.',
      file: STEPS,
      edits: [['draw: { seed: options.seed, step }', 'draw: { seed: options.seed, step: 0 }']],
    },
  ]),
  ...noticedBy('test/trainer/equations/one-loop.test.ts', 'the joined network goes on with', [
    {
      name: 'joined-cold',
      fault: 'The joined network starts without optimiser memory.',
      file: 'src/trainer/tasks/inputs/states-before.ts',
      edits: [
        ['mergeStates(states)));', 'mergeStates(states.map((state) => ({ ...state, slots: new Map() })))));'],
      ],
    },
    {
      name: 'label-smoothing-joined',
      fault: 'The joined network does not smooth its labels.',
      file: 'src/trainer/tasks/train/end-to-end.ts',
      edits: [['classificationObjective(spec.label_smoothing)', 'classificationObjective(0)']],
    },
  ]),
  ...noticedBy('test/trainer/objective/coupling.test.ts', 'the coupling is d/do', [
    {
      name: 'g-sign',
      fault: 'The multiplier has the wrong sign.',
      file: 'src/trainer/objective/coupling.ts',
      edits: [['kernels.add(pull, inputGradient)', 'kernels.subtract(pull, inputGradient)']],
    },
    {
      name: 'violation-double',
      fault: 'The reported violation is doubled.',
      file: COUPLING,
      edits: [['violation: Math.sqrt(squaredViolation)', 'violation: 2 * Math.sqrt(squaredViolation)']],
    },
    {
      name: 'coupling-loss',
      fault: 'The reported loss of a coupling is doubled.',
      file: COUPLING,
      edits: [['(readScalar(beta) / 2) *', 'readScalar(beta) *']],
    },
  ]),
  ...noticedBy('test/trainer/objective/coupling.test.ts', 'an output shorter than half its target', [
    {
      name: 'norm-floor',
      fault: 'A vanishing output is pulled twice as hard.',
      file: 'src/trainer/objective/coupling.ts',
      edits: [['MIN_SQUARED_RATIO = 0.25', 'MIN_SQUARED_RATIO = 0.125']],
    },
  ]),
  ...noticedBy('test/trainer/objective/coupling.test.ts', 'the adaptive penalty is |g||o|', [
    {
      name: 'adaptive-least',
      fault: 'The adaptive penalty lets the stages drift apart.',
      file: 'src/trainer/objective/coupling.ts',
      edits: [['MIN_ADAPTIVE_BETA = 3', 'MIN_ADAPTIVE_BETA = 1']],
    },
    {
      name: 'adaptive-most',
      fault: 'Rate times adaptive penalty may reach 8.',
      file: COUPLING,
      edits: [['adaptiveMax: ', 'adaptiveMax: 10 * ']],
    },
  ]),
  ...noticedBy('test/trainer/tasks/replicas.test.ts', 'the mean of replicas that made one step each', [
    {
      name: 'replica-rate',
      fault: 'Replicas train at the rate of one device.',
      file: 'src/trainer/tasks/train/round.ts',
      edits: [['run.rounds, steps.stride ?? 1)', 'run.rounds, 1)']],
    },
    {
      name: 'replica-steps',
      fault: 'All replicas begin at the same step.',
      file: 'src/method/rounds.ts',
      edits: [['start: start + replica', 'start: start']],
    },
  ]),
  ...noticedBy('test/trainer/tasks/replicas.test.ts', 'a round begins with the mean of all replicas', [
    {
      name: 'momentum-mean',
      fault: "Replicas' momentum is not averaged.",
      file: 'src/trainer/optimizer/mean-state.ts',
      edits: [['states.map((state) => state.slots.get(slot)!)', '[first.slots.get(slot)!]']],
    },
  ]),
  ...noticedBy('test/trainer/tasks/replicas.test.ts', 'the mean is exact where float32 can hold it', [
    {
      name: 'mean-rounded',
      fault: 'The mean of replicas is summed in float32.',
      file: 'src/trainer/optimizer/mean-state.ts',
      edits: [['sum += other[index]!', 'sum = Math.fround(sum + other[index]!)']],
    },
  ]),
  ...noticedBy('test/trainer/tasks/replicas.test.ts', 'n replicas learn at n times the rate', [
    {
      name: 'replica-rate-cap',
      fault: 'The rate of replicas has no cap.',
      file: 'src/trainer/optimizer/schedule.ts',
      edits: [
        [
          'Math.min(replicas * learningRateAt(optimizer, step, rounds), optimizer.learning_rate)',
          'replicas * learningRateAt(optimizer, step, rounds)',
        ],
      ],
    },
  ]),
  ...noticedBy('test/trainer/optimizer/optimizer.test.ts', 'a warm-up rises in equal increments', [
    {
      name: 'warm-up-late',
      fault: 'The first step of a warm-up has rate 0.',
      file: 'src/trainer/optimizer/schedule.ts',
      edits: [['((base - first) * (at + 1)) / warmup', '((base - first) * at) / warmup']],
    },
  ]),
  ...noticedBy('test/trainer/optimizer/optimizer.test.ts', 'ten steps equal the formula in float64', [
    {
      name: 'adamw-decay',
      fault: 'AdamW decays weights regardless of the rate.',
      file: 'src/trainer/optimizer/adamw.ts',
      edits: [['scalarOf(learningRate * weightDecay)', 'scalarOf(weightDecay)']],
    },
    {
      name: 'adamw-count',
      fault: 'AdamW corrects its means as if it were a step further.',
      file: 'src/trainer/optimizer/adamw.ts',
      edits: [
        [
          '= correctionsAt(settings, update);\n  kernels.applyAdam',
          '= correctionsAt(settings, update + 1);\n  kernels.applyAdam',
        ],
      ],
    },
  ]),
  ...noticedBy('test/trainer/equations/pipeline.test.ts', 'delayed gradients', [
    {
      name: 'pipeline-far-ahead',
      fault: 'A pipeline predicts its weights an update too far.',
      file: 'src/trainer/training/pipeline/pipeline-stage.ts',
      edits: [['optimizer.ahead(missing, ', 'optimizer.ahead(missing + 1, ']],
    },
    {
      name: 'pipeline-early',
      fault: 'The stages of a pipeline lag a batch less than they should.',
      file: 'src/method/lags.ts',
      edits: [['return stages - 1 - stage;', 'return Math.max(0, stages - 2 - stage);']],
    },
  ]),
  ...noticedBy('test/trainer/optimizer/optimizer.test.ts', 'spares scales, shifts and biases', [
    {
      name: 'norm-decay',
      fault: 'Scales, shifts and biases decay although a job says no.',
      file: 'src/trainer/optimizer/from-spec.ts',
      edits: [['spec.decay_norm_and_bias || ', 'true || ']],
    },
  ]),
  ...noticedBy('test/trainer/optimizer/change-channels.test.ts', 'new channels change no output', [
    {
      name: 'regrown-read',
      fault: 'The kernel that reads a new channel is random.',
      file: 'src/trainer/optimizer/change-channels.ts',
      edits: [['if (fromInput === null) return 0;', 'if (fromInput === null) return start?.[index] ?? 0;']],
    },
  ]),
  ...noticedBy('test/trainer/optimizer/change-channels.test.ts', 'the least important channels go', [
    {
      name: 'most-important-removed',
      fault: 'The most important channels go.',
      file: 'src/trainer/optimizer/change-channels.ts',
      edits: [['importance[b]! - importance[a]! || a - b', 'importance[a]! - importance[b]! || a - b']],
    },
  ]),
  ...noticedBy('test/trainer/tasks/stage-replicas.test.ts', 'each reader of a round takes the plain mean', [
    {
      name: 'replicas-not-averaged',
      fault: 'A job that starts from replicas of stages takes the last one.',
      file: 'src/trainer/tasks/inputs/states.ts',
      edits: [['(isReplica && found.get(parameter.name))', 'null']],
    },
  ]),
  ...noticedBy('test/trainer/tasks/reach.test.ts', 'a reach of K trains bitwise as back-propagation does', [
    {
      name: 'reach-ignored',
      fault: 'Every stage learns from its own head.',
      file: 'src/method/reach.ts',
      edits: [['(reach ?? OWN_HEAD)', 'OWN_HEAD']],
    },
  ]),
  ...noticedBy('test/trainer/tasks/reach.test.ts', 'the joined network, and a job that starts from stages', [
    {
      name: 'copies-averaged',
      fault: 'A job that starts from stages takes the mean of a stage and its copies.',
      file: 'src/trainer/tasks/inputs/states.ts',
      edits: [['(isReplica && found.get(parameter.name))', 'found.get(parameter.name)']],
    },
    {
      name: 'copies-joined',
      fault: 'The joined network has the copies of stages.',
      file: 'src/trainer/tasks/inputs/states-before.ts',
      edits: [['mergeStates(states)));', 'mergeStates(states.toReversed())));']],
    },
  ]),
  ...noticedBy('test/trainer/tasks/levels.test.ts', 'stages that grow by', [
    {
      name: 'level-whole-branch',
      fault: 'A block that becomes two has its whole branch twice.',
      file: 'src/trainer/tasks/inputs/refined.ts',
      edits: [['return factor === 1 ||', 'return factor > 0 ||']],
    },
  ]),
  ...noticedBy('test/trainer/objective/coupling-losses.test.ts', 'the multiplier goes through the ReLU', [
    {
      name: 'multiplier-lifted',
      fault: 'The multiplier of a Bregman coupling has no derivative of the ReLU.',
      file: 'src/trainer/objective/coupling-losses.ts',
      edits: [['kernels.reluGradient(inputGradient, output)', 'inputGradient']],
    },
  ]),
  ...noticedBy(
    'test/trainer/objective/coupling-losses.test.ts',
    'the gradient of a stage is that of the pre-activation',
    [
      {
        name: 'lifted-rectified',
        fault: 'A stage with a Bregman coupling has its last ReLU nevertheless.',
        file: 'src/trainer/tasks/train/methods/coupled.ts',
        edits: [['relu: false', 'relu: true']],
      },
    ],
  ),
  ...noticedBy('test/trainer/tasks/local-heads.test.ts', "the head's loss and gradients", [
    {
      name: 'decoder-dropped',
      fault: "The decoder's gradient does not reach the stage.",
      file: 'src/trainer/objective/head-objective.ts',
      edits: [
        [
          'kernels.add(throughClassifier, decoded.throughDecoder)',
          'kernels.add(throughClassifier, throughClassifier)',
        ],
      ],
    },
  ]),
  ...noticedBy(
    'test/trainer/stored-variables/stored-variables.test.ts',
    'three rounds of two stages follow the formulas',
    [
      {
        name: 'stored-multiplier',
        fault: 'The stored multiplier moves by the old variable.',
        file: 'src/trainer/stored-variables/update.ts',
        edits: [['(beta * (moved - feature)) / norm', '(beta * (value - feature)) / norm']],
      },
    ],
  ),
  ...noticedBy(
    'test/trainer/equations/message-rounds.test.ts',
    "gradients of stages and AuxNet are the formula's",
    [
      {
        name: 'ladder-aux-sign',
        fault: 'AuxNets of message rounds move away from their targets.',
        file: 'src/trainer/training/message-rounds.ts',
        edits: [
          [
            'coupling(pass.output, targets[stage]!, null, { beta })',
            'coupling(pass.output, targets[stage]!, null, { beta: -beta })',
          ],
        ],
      },
    ],
  ),
  ...noticedBy(
    'test/trainer/passes/integral.test.ts',
    "the adjoint is bitwise the unrolled network's gradient",
    [
      {
        name: 'integral-last-use',
        fault: 'Shared weights get the gradient of one evaluation alone.',
        file: 'src/trainer/passes/operations/integral.ts',
        edits: [['addTo(context.gradients, name, gradient)', 'context.gradients.set(name, gradient)']],
      },
      {
        name: 'integral-slopes',
        fault: 'The adjoint forgets that a slope was made of the one before.',
        file: 'src/trainer/passes/operations/integral.ts',
        edits: [['if (sum) pullSum(sum, atState);', '']],
      },
    ],
  ),
  ...noticedBy(
    'test/trainer/passes/integral.test.ts',
    'the error on a linear problem falls with the power of the step that is its order',
    [
      {
        name: 'integral-weights',
        fault: 'The weights of rk4 sum to 1 and are not those of order 4.',
        file: 'src/network/solvers.ts',
        edits: [['weights: [1 / 6, 1 / 3, 1 / 3, 1 / 6]', 'weights: [1 / 4, 1 / 4, 1 / 4, 1 / 4]']],
      },
    ],
  ),
];
