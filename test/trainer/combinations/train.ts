import assert from 'node:assert/strict';
import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import type { BlobUri, MetricSample, TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { describeRun } from '../../../src/method/index.js';
import { parametersOf, wholeNetwork } from '../../../src/network/index.js';
import { needsOf, type PlannedTask, planTasks } from '../../../src/planning/tasks/task-graph.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { decodeState, encodeState } from '../../../src/trainer/checkpoint/index.js';
import { initialValues, type NamedValues } from '../../../src/trainer/optimizer/index.js';
import { runTask } from '../../../src/trainer/tasks/run-task.js';
import { contextOf, storeTiny, TINY } from '../support/training-tasks.js';

/** The images of TINY, or the first of them. */
export const factsOf = (count: number): DatasetFacts => ({ ...TINY, train_count: count, test_count: count });

export interface Trained {
  /** Outputs by task and name. A blob's address is its hash, so that equal addresses are equal bytes. */
  readonly outputs: ReadonlyMap<string, string>;
  readonly weights: NamedValues;
  readonly samples: readonly MetricSample[];
}

/**
 * Runs every task of a job that trains, and with `ends` those that evaluate and export, too.
 * @param choose the index of the next task, of so many that could run
 */
export async function train(
  spec: ResolvedSpec,
  blobs: BlobStore,
  count: number,
  choose: (ready: number) => number,
  ends = false,
): Promise<Trained> {
  const manifest = (await storeTiny(blobs, count)).uri;
  const dataset = { ...factsOf(count), manifest };
  const initial = spec.init_from ? { 'initial-0': await storeWeights(spec, dataset, blobs) } : {};
  const successes = new Map<string, TaskSuccess>();
  const samples: MetricSample[] = [];
  const trains = ({ kind }: PlannedTask) => kind === 'prepare' || kind === 'stage' || kind === 'end_to_end';
  let waiting = planTasks(spec, dataset).filter((task) => ends || trains(task));
  while (waiting.length > 0) {
    const ready = waiting.filter((task) => needsOf(task).every((key) => successes.has(key)));
    const task = ready[choose(ready.length)]!;
    waiting = waiting.filter((other) => other !== task);
    const inputs = Object.fromEntries(
      Object.entries(task.inputs).map(([name, { task: key, output }]) => [
        name,
        successes.get(key)!.outputs[output]!.uri,
      ]),
    );
    const context = contextOf(task, {
      spec,
      blobs,
      inputs: { ...inputs, ...initial },
      dataset,
      bfloat16: true,
    });
    successes.set(
      task.key,
      await runTask({ ...context, now: ticks(), metrics: (points) => samples.push(...points) }),
    );
  }
  return {
    outputs: await addressesOf(successes, blobs),
    weights: await weightsOf(spec, dataset, successes, blobs),
    samples,
  };
}

/** A clock on which every look is a millisecond later. */
function ticks(): () => number {
  let time = 0;
  return () => ++time;
}

/** A spool is no blob: its address is its bytes. */
async function addressesOf(
  successes: ReadonlyMap<string, TaskSuccess>,
  blobs: BlobStore,
): Promise<Map<string, string>> {
  const all = [...successes].flatMap(([key, { outputs }]) =>
    Object.entries(outputs).map(([name, { uri }]) => [`${key} ${name}`, uri] as const),
  );
  return new Map(
    await Promise.all(
      all.map(async ([name, uri]): Promise<[string, string]> => {
        const isSpool = uri.startsWith('spool:');
        return [name, isSpool ? Buffer.from(await blobs.get(uri)).toString('base64') : uri];
      }),
    ),
  );
}

/** Weights of the whole network after the last tasks: of one joined network, or of all stages. */
async function weightsOf(
  spec: ResolvedSpec,
  dataset: DatasetFacts,
  successes: ReadonlyMap<string, TaskSuccess>,
  blobs: BlobStore,
): Promise<NamedValues> {
  const { inputs } = planTasks(spec, dataset).find(({ kind }) => kind === 'finalize')!;
  const sources = Object.values(inputs).filter(({ output }) => output.startsWith('state'));
  const found = new Map<string, Float32Array[]>();
  for (const { task, output } of sources) {
    const { weights } = decodeState(await blobs.get(successes.get(task)!.outputs[output]!.uri));
    for (const [name, values] of weights) found.set(name, [...(found.get(name) ?? []), values]);
  }
  // Replicas of one round are compared one by one, in the order of the plan.
  return new Map(
    [...found].map(([name, values]) => [name, Float32Array.from(values.flatMap((one) => [...one]))]),
  );
}

/** Weights to start from, of another seed, with statistics for batch norms that a job freezes. */
async function storeWeights(spec: ResolvedSpec, dataset: DatasetFacts, blobs: BlobStore): Promise<BlobUri> {
  const parameters = parametersOf(wholeNetwork(describeRun({ ...spec, freeze: null }, dataset).network));
  const frozen = parametersOf(wholeNetwork(describeRun(spec, dataset).network));
  const statistics = frozen
    .filter(({ fixed }) => fixed === 'statistic')
    .map(({ name, shape: [size = 0] }): [string, Float32Array] => [
      name,
      Float32Array.from({ length: size }, (_, index) => 0.5 + 0.01 * (index + name.length)),
    ]);
  const slots = new Map([['statistics', new Map(statistics)]]);
  return (await blobs.put(encodeState(parameters, { weights: initialValues(parameters, 99), slots }))).uri;
}

/** Every reported figure, and every weight, is finite. */
export function checkFinite({ samples, weights }: Trained): void {
  assert.ok(
    samples.some(({ name }) => name === 'loss'),
    'a loss is reported',
  );
  for (const { name, stage, step, value } of samples)
    assert.ok(Number.isFinite(value), `${name} of stage ${stage} in step ${step} is ${value}`);
  for (const [name, values] of weights) assert.ok(values.every(Number.isFinite), name);
}
