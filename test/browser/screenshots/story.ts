// The work of the service before its pages are visited: networks, a sweep, figures, predictions and promotions.
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type StrataClient } from '../../../client/src/index.js';
import { eventually } from '../../support/eventually.js';
import type { View } from './recording.js';

const MODEL = { depth: 8, width: 8 } as const;
const DATASET = 'mnist';

/** @returns the pages to visit, by the name of their pictures */
export async function tell(url: string): Promise<Record<string, View>> {
  const strata = createClient({ url });
  const [first, second] = [await train(strata, 2), await train(strata, 3)];
  const model = second.result?.model_id ?? '';
  const reproduced = first.result?.model_id ?? '';
  await strata.models.reproduce(reproduced);
  const sweep = await search(strata);
  const evaluation = await evaluate(strata, model);
  const batch = await predict(strata, model);
  await promote(strata);
  await ended(async () => (await strata.models.reproductions(reproduced))[0]);
  return {
    jobs: { path: '/ui/jobs' },
    job: { path: `/ui/jobs/${second.id}` },
    'new-job': { path: `/ui/jobs/new?from=${second.id}` },
    compare: { path: `/ui/compare?jobs=${first.id},${second.id}` },
    models: { path: '/ui/models' },
    model: { path: `/ui/models/${model}` },
    reproduction: { path: `/ui/models/${reproduced}`, panels: ['Reproductions', 'Lineage'] },
    sweep: { path: `/ui/sweeps/${sweep}` },
    evaluation: { path: evaluation },
    slices: { path: evaluation, panels: ['Slices'] },
    cascade: { path: evaluation, panels: ['Cascade'] },
    batch: { path: `/ui/batch-predictions/${batch}` },
    registry: { path: '/ui/registry?name=digits' },
    datasets: { path: '/ui/datasets' },
    dataset: { path: `/ui/datasets/${DATASET}` },
    workers: { path: '/ui/workers' },
    settings: { path: '/ui/settings' },
  };
}

const LOOK_MS = 500;
const LONGEST_MS = 15 * 60_000;
const UNDER_WAY = ['queued', 'running', 'stopping'];

/** Waits until what workers make has ended well. */
async function ended<Made extends { readonly state: string }>(get: () => Promise<Made | undefined>) {
  const look = async () => {
    await delay(LOOK_MS);
    const now = await get();
    return now !== undefined && !UNDER_WAY.includes(now.state) ? now : null;
  };
  const made = await eventually('it has ended', look, LONGEST_MS);
  if (made.state !== 'succeeded') throw new Error(JSON.stringify(made));
  return made;
}

async function train(strata: StrataClient, stages: number) {
  const { id } = await strata.jobs.create({
    ...{ dataset: DATASET, name: `digits in ${stages} stages`, seed: 7, epochs: 2, batch_size: 64 },
    ...{ max_train_samples: 4096, model: MODEL, method: { stages } },
  });
  return strata.jobs.ended(id);
}

/** A small job, as each trial of the sweep. */
const TRIAL = {
  ...{
    dataset: DATASET,
    max_train_samples: 1024,
    validation_share: 0.02,
    seed: 7,
    epochs: 8,
    batch_size: 64,
  },
  model: { depth: 8, width: 4 },
  method: { type: 'augmented-lagrangian', stages: 2, round_steps: 16, end_to_end_share: 0.25 },
} as const;

/** Rates and momenta, the worse of which stop early. The models are versions of `digits`. */
async function search(strata: StrataClient): Promise<string> {
  const { id } = await strata.sweeps.create({
    name: 'digits',
    job: TRIAL,
    space: {
      '/optimizer/learning_rate': { min: 0.003, max: 0.3, scale: 'log' },
      '/optimizer/momentum': { min: 0.5, max: 0.95 },
    },
    search: { type: 'halton', seed: 1 },
    stopping: { type: 'asha', divisor: 2, min_epochs: 1 },
    limits: { trials: 9, parallel_trials: 3, device_seconds: 900 },
  });
  await ended(() => strata.sweeps.get(id));
  return id;
}

/** The figures of both networks, and those of another evaluation of the same images. @returns the page */
async function evaluate(strata: StrataClient, model: string): Promise<string> {
  const question = { model, dataset: DATASET, split: 'test' } as const;
  const one = await strata.evaluations.create({ ...question, cascade: true });
  const other = await strata.evaluations.create({ ...question, variant: 'compact' });
  for (const { id } of [one, other]) await ended(() => strata.evaluations.get(id));
  const slices = [
    { name: 'round digits', classes: ['0', '6', '8', '9'] },
    { name: 'the first thousand', positions: '0-999' },
  ];
  const query = new URLSearchParams({ with: other.id, slices: JSON.stringify(slices) });
  return `/ui/evaluations/${one.id}?${query}`;
}

async function predict(strata: StrataClient, model: string): Promise<string> {
  const { id } = await strata.batches.create({
    model,
    input: { dataset: DATASET, split: 'test' },
    cascade: { threshold: 0.9 },
  });
  await ended(() => strata.batches.get(id));
  return id;
}

/** One version is in production, one waits for an approval, and one is not good enough. */
async function promote(strata: StrataClient): Promise<void> {
  for (const learning_rate of [0.05, 0.002]) {
    const { id } = await strata.jobs.create({ ...TRIAL, name: 'digits', optimizer: { learning_rate } });
    await strata.jobs.ended(id);
  }
  const { versions } = await strata.registry.get('digits');
  const [best, good, bad] = await Promise.all(
    versions.map(async ({ version, model_id: model }) => {
      const { id } = await strata.evaluations.create({ model: model ?? '', dataset: DATASET });
      const { figures } = await ended(() => strata.evaluations.get(id));
      return { version, accuracy: figures?.accuracy ?? 0 };
    }),
  ).then((all) => {
    const sorted = all.sort((one, other) => other.accuracy - one.accuracy);
    return [sorted[0], sorted[1], sorted.at(-1)];
  });
  if (!best || !good || !bad) throw new Error('the sweep left too few models');
  const requirement = { dataset: DATASET, split: 'test', variant: 'full', metric: 'accuracy' } as const;
  const floor = Math.floor(100 * good.accuracy) / 100;
  await strata.registry.setRule('digits', 'production', {
    requires: [{ ...requirement, at_least: floor, not_worse_than: null, tolerance: 0 }],
    ...{ approvals: 1, not_by_author: false },
  });
  const ask = (version: number, note: string) =>
    strata.registry.promote('digits', { version, alias: 'production', note });
  const { id } = await ask(best.version, 'best of the sweep');
  await strata.registry.approve(id);
  await ask(good.version, 'needs less memory');
  if (bad.accuracy < floor) await ask(bad.version, 'only to see');
}
