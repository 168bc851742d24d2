import type { Curve, Panel } from '../src/trainer/documents/plot.js';

/** Of the figures that benchmarks store, what is drawn. */
export interface Results {
  readonly speedup: {
    readonly rows: readonly {
      readonly network: string;
      readonly peer: { readonly speedUp: number } | null;
      readonly serialSecondsPerStep: number;
      readonly threadedSecondsPerStep: number;
      readonly speedUp: { readonly measured: number; readonly predicted: number };
    }[];
  };
  readonly scale: {
    readonly alone: readonly {
      readonly stages: number;
      readonly speedUp: number;
      readonly wholeRun: number;
    }[];
  };
  readonly dispatch: {
    readonly rows: readonly {
      readonly queued: number;
      readonly stages: number;
      readonly overheadMs: number;
    }[];
  };
  readonly step: {
    readonly races: readonly {
      readonly workload: string;
      readonly threads: number;
      readonly contenders: readonly { readonly contender: string; readonly timesOurs: number }[];
    }[];
  };
}

const numbered = (names: readonly string[]): string =>
  names.map((name, index) => `${index + 1} ${name}`).join(', ');

export function speedUpPanel({ rows }: Results['speedup']): Panel {
  const curve = (label: string, figureOf: (row: (typeof rows)[number]) => number): Curve => ({
    label,
    points: rows.map((row, index) => [index + 1, figureOf(row)]),
  });
  return {
    title: 'speed-up on two cores, K=2',
    axis: numbered(rows.map(({ network }) => network)),
    curves: [
      curve('measured', ({ speedUp }) => speedUp.measured),
      curve('Eq. 27', ({ speedUp }) => speedUp.predicted),
      curve('two threads', (row) => row.serialSecondsPerStep / row.threadedSecondsPerStep),
      ...(rows.every(({ peer }) => peer)
        ? [curve('PyTorch DistributedDataParallel', ({ peer }) => peer!.speedUp)]
        : []),
    ],
  };
}

export function scalePanel({ alone }: Results['scale']): Panel {
  return {
    title: 'simulated speed-up of ResNet-110, a device a stage',
    axis: 'stages',
    curves: [
      { label: 'layer-parallel phase', points: alone.map(({ stages, speedUp }) => [stages, speedUp]) },
      {
        label: '20 % of the steps end to end',
        points: alone.map(({ stages, wholeRun }) => [stages, wholeRun]),
      },
    ],
  };
}

export function dispatchPanel({ rows }: Results['dispatch']): Panel {
  const stages = [...new Set(rows.map((row) => row.stages))];
  return {
    title: 'milliseconds a task costs beside its steps',
    axis: 'ready tasks of other jobs, power of ten',
    curves: stages.map((count) => ({
      label: `K=${count}`,
      points: rows
        .filter((row) => row.stages === count)
        .map(({ queued, overheadMs }) => [Math.log10(queued), overheadMs]),
    })),
  };
}

/** Above 1 the peer is slower. */
export function stepPanel({ races }: Results['step']): Panel {
  const alone = races.filter(({ threads }) => threads === 1);
  const curve = (contender: string): Curve => ({
    label: `${contender} / ours`,
    points: alone.map(({ contenders }, index) => [
      index + 1,
      contenders.find((other) => other.contender === contender)?.timesOurs ?? 0,
    ]),
  });
  return {
    title: 'seconds of a step over ours, one thread, float32',
    axis: numbered(alone.map(({ workload }) => workload)),
    curves: ['ours', 'PyTorch', 'tfjs layers'].map(curve),
  };
}
