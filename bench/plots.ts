import type { BarPanel, Panel } from '../src/trainer/documents/plot.js';

/** The stored figures of benchmarks that are drawn. */
export interface Results {
  readonly speedup: {
    readonly rows: readonly {
      readonly network: string;
      readonly peers: {
        readonly ways: readonly { readonly name: string; readonly speedUp: number }[];
      } | null;
      readonly pipeline?: { readonly speedUp: number };
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

export function speedUpPanel({ rows }: Results['speedup']): BarPanel {
  const bars = [
    { label: 'augmented Lagrangian', values: rows.map(({ speedUp }) => speedUp.measured) },
    { label: 'the same by Eq. 27', values: rows.map(({ speedUp }) => speedUp.predicted) },
    {
      label: 'back-propagation on two threads',
      values: rows.map((row) => row.serialSecondsPerStep / row.threadedSecondsPerStep),
    },
    // None at all where one of them was not measured, as without PyTorch.
    ...barsOf(
      'pipeline',
      rows.map(({ pipeline }) => pipeline?.speedUp),
    ),
    ...PEERS.flatMap(({ label, name }) =>
      barsOf(
        `PyTorch ${label}`,
        rows.map((row) => fastest(row.peers, name)),
      ),
    ),
  ];
  return { title: 'speed-up on two cores, K=2', groups: rows.map(({ network }) => network), bars };
}

const PEERS = [
  { label: 'DistributedDataParallel', name: 'ddp' },
  { label: 'GPipe', name: 'gpipe' },
  { label: '1F1B', name: '1f1b' },
];

type SpeedUpPeers = Results['speedup']['rows'][number]['peers'];

function fastest(peers: SpeedUpPeers, name: string): number | undefined {
  const own = peers?.ways.filter((way) => way.name.startsWith(name)) ?? [];
  return own.map(({ speedUp }) => speedUp).toSorted((a, b) => b - a)[0];
}

export function scalePanel({ alone }: Results['scale']): Panel {
  return {
    title: 'simulated speed-up of ResNet-110, a device a stage',
    axis: 'stages',
    fromZero: true,
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
    fromZero: true,
    curves: stages.map((count) => ({
      label: `K=${count}`,
      points: rows
        .filter((row) => row.stages === count)
        .map(({ queued, overheadMs }) => [Math.log10(queued), overheadMs]),
    })),
  };
}

/** Above 1 the peer is slower. */
export function stepPanel({ races }: Results['step']): BarPanel {
  const alone = races.filter(({ threads }) => threads === 1);
  const bars = ['PyTorch', 'tfjs layers'].flatMap((name) =>
    barsOf(
      `${name} / ours`,
      alone.map(({ contenders }) => contenders.find(({ contender }) => contender === name)?.timesOurs),
    ),
  );
  return {
    title: 'time of a step over ours, one thread, float32',
    groups: alone.map(({ workload }) => workload),
    bars,
  };
}

/** A peer's bars, where it was measured in every group: a missing one would be drawn as a nought. */
function barsOf(label: string, measured: readonly (number | undefined)[]): BarPanel['bars'] {
  const values = measured.filter((value) => value !== undefined);
  return values.length === measured.length ? [{ label, values }] : [];
}
