import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatasetManifest, encodeManifest } from '../src/contract/dataset-manifest.js';
import type { DatasetFacts, ResolvedSpec } from '../src/contract/spec.js';
import type { BlobUri, TaskAssignment } from '../src/contract/trainer-protocol.js';
import { placeOf } from '../src/jobs/worker/tasks/gang.js';
import { resolveSpec } from '../src/planning/spec/resolve.js';
import { type PlannedTask, planTasks } from '../src/planning/tasks/task-graph.js';
import { createFolderStore } from '../src/storage/folder-store.js';
import { jobSpec } from '../test/jobs/support/specs.js';
import { type Benchmark, type BenchmarkReport, median } from './benchmark.js';
import { giveTask, startTrainers, stopTrainers } from './merge/trainers.js';

const STAGES = 8;
const DEVICES = 2;
const STEPS = 12;
const BATCH = 64;
const TURNS = 9;
/** CIFAR-10 at half size, as the studies have it; what the images show does not matter. */
const IMAGE = { height: 16, width: 16, channels: 3 };
const FACTS: DatasetFacts = {
  name: 'noise',
  classes: Array.from({ length: 10 }, (_, index) => String(index)),
  image: IMAGE,
  storage: 'pixels',
  manifest: null,
  train_count: BATCH * STEPS,
  test_count: BATCH,
  validation_count: 0,
  augmentation: { crop_padding: 0, horizontal_flip: false },
};

export const benchmark: Benchmark = {
  name: 'merge',
  title:
    'ResNet-20 in eight stages on two cores: neighboring stages merged on two trainers, beside a trainer for each stage',
  run,
};

interface Place {
  readonly folder: string;
  readonly dataset: BlobUri;
}

async function run(): Promise<BenchmarkReport> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-bench-'));
  try {
    const place = { folder, dataset: await storeNoise(folder) };
    const pipeline = await measurePipeline(place);
    const parts = await measureStages(place);
    return {
      lines: linesOf(pipeline, parts),
      figures: { stages: STAGES, devices: DEVICES, steps: STEPS, pipeline, parts },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function storeNoise(folder: string): Promise<BlobUri> {
  const blobs = createFolderStore(folder);
  const size = IMAGE.height * IMAGE.width * IMAGE.channels;
  const values = (length: number, below: number) =>
    Uint8Array.from({ length }, (_, index) => ((index * 2654435761) >>> 8) % below);
  const count = FACTS.train_count;
  const images = (await blobs.put(values(count * size, 256))).uri;
  const labels = (await blobs.put(new Uint8Array(Uint16Array.from(values(count, 10)).buffer))).uri;
  const [train, test] = [
    { count, images, labels },
    { count, images, labels },
  ];
  const manifest: DatasetManifest = {
    ...{ name: FACTS.name, storage: 'pixels', image: IMAGE, classes: FACTS.classes, splits: { train, test } },
    ...{ mean: [127, 127, 127], standard_deviation: [74, 74, 74] },
  };
  return (await blobs.put(encodeManifest(manifest))).uri;
}

function specOf(type: ResolvedSpec['method']['type']): ResolvedSpec {
  const method = { type, stages: STAGES, round_steps: STEPS, end_to_end_share: 0 };
  const model = { family: 'resnet', depth: 20, width: 16 } as const;
  return resolveSpec(
    jobSpec({ model, method, batch_size: BATCH, epochs: 1, seed: 1, exports: [] }),
    FACTS,
    1,
  );
}

function assignmentOf(
  spec: ResolvedSpec,
  task: PlannedTask,
  inputs: Record<string, BlobUri>,
): TaskAssignment {
  const { kind, stage, round, replica } = task;
  return {
    task_id: task.key,
    job_id: 'bench',
    attempt: 1,
    kind,
    stage,
    round,
    replica,
    spec,
    dataset: FACTS,
    inputs,
  };
}

interface Row {
  readonly trainers: number;
  /** Seconds of a round, in turns with the others. */
  readonly seconds: readonly number[];
  /** Processor time of a round, of all trainers. */
  readonly cpuSeconds: readonly number[];
}

/** The same round on two trainers and on eight, in turns; both end in the same bits, or this throws. */
async function measurePipeline(place: Place): Promise<Row[]> {
  const spec = specOf('pipeline');
  const task = planTasks(spec, FACTS).find(({ kind }) => kind === 'stage')!;
  const counts = [DEVICES, STAGES];
  const gangs = await Promise.all(counts.map(startTrainers));
  const rows = counts.map((trainers) => ({ trainers, seconds: [] as number[], cpuSeconds: [] as number[] }));
  const ends = new Set<string>();
  try {
    for (let turn = 0; turn <= TURNS; turn++) {
      for (const [index, gang] of gangs.entries()) {
        const started = performance.now();
        const { end, cpuSeconds } = await roundOn(gang, spec, task, place);
        ends.add(end);
        // The first turn warms the trainers.
        if (turn === 0) continue;
        rows[index]!.seconds.push((performance.now() - started) / 1000);
        rows[index]!.cpuSeconds.push(cpuSeconds);
      }
    }
  } finally {
    for (const gang of gangs) stopTrainers(gang);
  }
  if (ends.size > 1) throw new Error('merged and unmerged stages ended in other weights');
  return rows;
}

async function roundOn(
  gang: readonly ChildProcess[],
  spec: ResolvedSpec,
  task: PlannedTask,
  { folder, dataset }: Place,
): Promise<{ end: string; cpuSeconds: number }> {
  const sockets = mkdtempSync(join(tmpdir(), 'strata-gang-'));
  const ends = gang.slice(1).map((_, link) => ({ path: join(sockets, String(link)) }));
  const assignment = assignmentOf(spec, task, { dataset });
  try {
    const answers = await Promise.all(
      gang.map((trainer, member) =>
        giveTask(trainer, {
          assignment: { ...assignment, gang: placeOf(member, gang.length, ends) },
          blobs: folder,
        }),
      ),
    );
    const outputs = Object.entries(Object.assign({}, ...answers.map((answer) => answer.outputs)));
    const cpuSeconds = answers.reduce((sum, answer) => sum + answer.cpuSeconds, 0);
    return { end: JSON.stringify(outputs.sort()), cpuSeconds };
  } finally {
    rmSync(sockets, { recursive: true });
  }
}

/** Seconds of the tasks of a round of the augmented Lagrangian: what a task of several stages would do less often. */
interface Parts {
  readonly total: number;
  readonly startAndStore: number;
  readonly messages: number;
}

const NOTHING: Parts = { total: 0, startAndStore: 0, messages: 0 };

/** Every task of a round of a wavefront, one after the other on one trainer. The first round warms it. */
async function measureStages({ folder, dataset }: Place): Promise<Parts> {
  const spec = specOf('augmented-lagrangian');
  const tasks = planTasks(spec, FACTS).filter(({ kind }) => kind === 'stage');
  const [trainer] = await startTrainers(1);
  let parts = NOTHING;
  try {
    for (let turn = 0; turn < 2; turn++) {
      parts = NOTHING;
      const made = new Map<string, Readonly<Record<string, BlobUri>>>();
      for (const task of tasks) {
        const read = Object.entries(task.inputs).filter(([, from]) => from.task !== 'prepare');
        const inputs = read.map(([name, { task: key, output }]) => [name, made.get(key)![output]!]);
        const assignment = assignmentOf(spec, task, { dataset, ...Object.fromEntries(inputs) });
        const { outputs, seconds } = await giveTask(trainer!, { assignment, blobs: folder });
        made.set(task.key, outputs);
        const { data_thread: _, ...loop } = seconds;
        const sum = (names: readonly string[]) => names.reduce((all, name) => all + (loop[name] ?? 0), 0);
        parts = {
          total: parts.total + sum(Object.keys(loop)),
          startAndStore: parts.startAndStore + sum(['start', 'checkpoint']),
          messages: parts.messages + sum(['spool']),
        };
      }
    }
    return parts;
  } finally {
    stopTrainers([trainer!]);
  }
}

function linesOf(rows: readonly Row[], { total, startAndStore, messages }: Parts): string[] {
  const [merged, apart] = rows.map(({ seconds, cpuSeconds }) => ({
    quickest: Math.min(...seconds) / STEPS,
    cpu: median(cpuSeconds) / STEPS,
  }));
  const of = (trainers: number, { quickest, cpu }: { quickest: number; cpu: number }) =>
    `${trainers} trainers ${quickest.toFixed(3)} s a step, ${cpu.toFixed(3)} s of processor time`;
  const times = [apart!.quickest / merged!.quickest, apart!.cpu / merged!.cpu].map((ratio) =>
    ratio.toFixed(2),
  );
  const milliseconds = ((1000 * startAndStore) / STAGES).toFixed(0);
  const share = ((100 * messages) / (total - startAndStore)).toFixed(1);
  return [
    `pipeline, K=${STAGES} on ${DEVICES} cores, quickest of ${TURNS} rounds: ${of(DEVICES, merged!)}; ${of(STAGES, apart!)}: ${times.join(' and ')} times; bitwise the same weights`,
    `augmented-lagrangian, K=${STAGES}, rounds of ${STEPS} steps: a task starts and stores in ${milliseconds} ms; messages take ${share} % of its steps`,
  ];
}
