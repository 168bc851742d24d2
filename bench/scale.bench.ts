import type { components } from '../src/contract/generated/openapi.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { dispatchFigures, partsOfSteps } from './dispatch/figures.js';
import { call, type RunningService, startService, trained } from './service.js';
import { jobGraph, type StepTimes } from './simulation/job-graph.js';
import { simulate } from './simulation/simulate.js';
import { phaseFigures } from './speedup/figures.js';

type Schemas = components['schemas'];

const MODEL = { family: 'resnet', depth: 110, width: 16 } as const;
const BATCH = 64;
const STAGES = [1, 2, 4, 8, 16, 32];
/** A real run, against which the simulation is checked. */
const REAL = { stages: 2, rounds: 12, roundSteps: 8 };
/** Simulated jobs: an ordinary one, and many on many devices. */
const JOB = { rounds: 250, roundSteps: 200 };
const CLUSTER = { jobs: 10_000, devices: 1_000, rounds: 10, stages: [1, 2, 4, 8] };

export const benchmark: Benchmark = {
  name: 'scale',
  title: 'SIMULATION by a virtual clock: ResNet-110 in up to 32 stages, 10,000 jobs on 1,000 devices',
  run,
};

interface Check {
  readonly measuredSeconds: number;
  readonly simulatedSeconds: number;
  readonly dispatchSeconds: number;
}

interface Alone {
  readonly stages: number;
  readonly slowestStepSeconds: number;
  /** Speed-up over one device, of the layer-parallel phase, and of a whole run with its end-to-end share. */
  readonly speedUp: number;
  readonly wholeRun: number;
  readonly busyShare: number;
}

interface Crowd {
  readonly stages: number;
  readonly hours: number;
  readonly firstJobMinutes: number;
  readonly busyShare: number;
}

async function run({ say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const service = await startService({ STRATA_SLOTS: '2', STRATA_THREADS: '1' });
  try {
    const check = await compareWithReal(service);
    say(checkLine(check));
    const times = new Map<number, StepTimes>();
    for (const stages of STAGES) times.set(stages, await plannedTimes(service, stages));
    const alone = STAGES.map((stages) => simulateAlone(stages, times, check.dispatchSeconds));
    const crowds = CLUSTER.stages.map((stages) => simulateCrowd(stages, times, check.dispatchSeconds));
    return {
      lines: [
        checkLine(check),
        '',
        `one job of ${JOB.rounds} rounds of ${JOB.roundSteps} steps, a device a stage, seconds of steps as POST /plans gives them:`,
        ...alone.map(aloneLine),
        '',
        `${CLUSTER.jobs} jobs of ${CLUSTER.rounds} rounds at once on ${CLUSTER.devices} devices:`,
        ...crowds.map(crowdLine),
      ],
      figures: { check, alone, crowds },
    };
  } finally {
    await service.stop();
  }
}

const body = (stages: number, rounds: number, roundSteps: number, share: number) => ({
  dataset: 'mnist',
  model: MODEL,
  batch_size: BATCH,
  // An epoch a round.
  epochs: rounds,
  max_train_samples: roundSteps * BATCH,
  method: {
    type: stages === 1 ? ('backprop' as const) : ('augmented-lagrangian' as const),
    stages,
    round_steps: roundSteps,
    end_to_end_share: stages === 1 ? 0 : share,
  },
  seed: 1,
  exports: [],
});

/** A real job's phase, and the same tasks on the virtual clock with steps as long as the plan, which knows its tasks, says. */
async function compareWithReal(service: RunningService): Promise<Check> {
  const { stages, rounds, roundSteps } = REAL;
  const job = body(stages, rounds, roundSteps, 0);
  const { tasks } = await trained(service, job);
  const dispatchSeconds = dispatchFigures(tasks, stages, partsOfSteps).overheadMs / 1000;
  const times = await plannedTimes(service, stages);
  const simulated = simulate({ tasks: jobGraph(job, times), jobs: 1, devices: stages, dispatchSeconds });
  const { seconds } = phaseFigures(tasks, stages, rounds * roundSteps);
  return { measuredSeconds: seconds, simulatedSeconds: simulated.seconds, dispatchSeconds };
}

/** By the rates that the service has measured of its tasks. */
async function plannedTimes(service: RunningService, stages: number): Promise<StepTimes> {
  const job = body(stages, REAL.rounds, REAL.roundSteps, 0);
  const plan = await call<Schemas['Plan']>(service, '/plans', { job, devices: stages });
  const serial = plan.layouts.find((layout) => layout.stages === 1 && layout.replicas === 1);
  if (plan.source !== 'measured' || !serial) throw new Error('the plan rests on no measurement');
  return { serial: serial.step_seconds, stages: plan.stages.map(({ step_seconds }) => step_seconds) };
}

function simulateAlone(
  stages: number,
  times: ReadonlyMap<number, StepTimes>,
  dispatchSeconds: number,
): Alone {
  const { rounds, roundSteps } = JOB;
  const own = times.get(stages)!;
  const seconds = (share: number, k: number, devices: number) =>
    simulate({
      tasks: jobGraph(body(k, rounds, roundSteps, share), times.get(k)!),
      jobs: 1,
      devices,
      dispatchSeconds,
    });
  const serial = seconds(0, 1, 1).seconds;
  const parallel = seconds(0, stages, stages);
  return {
    stages,
    slowestStepSeconds: Math.max(...own.stages),
    speedUp: serial / parallel.seconds,
    wholeRun: serial / seconds(0.2, stages, stages).seconds,
    busyShare: parallel.busyShare,
  };
}

function simulateCrowd(
  stages: number,
  times: ReadonlyMap<number, StepTimes>,
  dispatchSeconds: number,
): Crowd {
  const { jobs, devices, rounds } = CLUSTER;
  const tasks = jobGraph(body(stages, rounds, JOB.roundSteps, 0), times.get(stages)!);
  const { seconds, busyShare, jobEnds } = simulate({ tasks, jobs, devices, dispatchSeconds });
  return { stages, hours: seconds / 3600, firstJobMinutes: jobEnds[0]! / 60, busyShare };
}

const checkLine = ({ measuredSeconds, simulatedSeconds, dispatchSeconds }: Check): string =>
  `K=${REAL.stages}, ${REAL.rounds} rounds of ${REAL.roundSteps} steps: ${measuredSeconds.toFixed(1)} s measured, ${simulatedSeconds.toFixed(1)} s simulated (${(simulatedSeconds / measuredSeconds).toFixed(2)}); ${(1000 * dispatchSeconds).toFixed(0)} ms beside a task's steps`;

const aloneLine = ({ stages, slowestStepSeconds, speedUp, wholeRun, busyShare }: Alone): string =>
  `  K=${String(stages).padEnd(3)} slowest stage ${slowestStepSeconds.toFixed(3)} s a step, speed-up ${speedUp.toFixed(2)}, with 20 % end to end, shared by as many, up to 8, ${wholeRun.toFixed(2)}, devices busy ${(100 * busyShare).toFixed(0)} %`;

const crowdLine = ({ stages, hours, firstJobMinutes, busyShare }: Crowd): string =>
  `  K=${String(stages).padEnd(3)} all done after ${hours.toFixed(2)} h, the first after ${firstJobMinutes.toFixed(1)} min, devices busy ${(100 * busyShare).toFixed(1)} %`;
