import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../src/service/root.js';
import { drawPanels } from '../src/trainer/documents/plot.js';
import { dispatchPanel, type Results, scalePanel, speedUpPanel, stepPanel } from './plots.js';
import { type Border, drawBorders } from './regimes/border.js';

export const BENCHMARKS_PAGE = 'docs/benchmarks.md';
export const BENCHMARKS_PICTURE = 'docs/benchmarks.svg';
export const REGIMES_PICTURE = 'docs/regimes.svg';

/** In the order of the page, with what a reader would ask of each. */
const QUESTIONS = {
  speedup: 'Is layer-parallel training faster, and than what?',
  streams: 'Does a pipeline keep two devices busy?',
  merge: 'What do stages cost that share a device?',
  scale: 'What would more devices bring?',
  schedules: 'How long do other schedules wait?',
  regimes: 'Where do layers win?',
  plans: 'Do plans come true?',
  sweeps: 'Does a sweep find the best for less?',
  bytes: 'What crosses the links between stages?',
  storage: 'Does an S3 store slow training down?',
  messages: 'Does a message through S3 hold up the stage?',
  wire: 'Does a job survive a poor wire?',
  transports: 'Is there a better way between hosts?',
  dispatch: 'What does the service itself cost?',
  loops: 'Do loops cost more after a million jobs?',
  step: 'Are the kernels any good?',
  methods: 'What do the methods reach on a small network?',
  techniques: 'What do single techniques cost and bring?',
  penalties: 'What does the penalty that follows gradients bring?',
  memory: 'What does a stage need?',
  activations: 'What do memory policies save?',
  sparsity: 'What do AuxNets save that lose channels?',
  'plan-techniques': 'Do plans count each technique?',
  optimizers: 'What does K-FAC bring with stages?',
  pipeline: 'Does training wait for data?',
  import: 'How long until a dataset is ready?',
  exports: 'Are the exported models the trained network?',
  cascade: 'What does the compact network save?',
  weights: 'Are loaded weights the network that they came from?',
  api: 'How many requests does it take?',
  metrics: 'Does a long curve cost more?',
  dashboard: 'How fast does the dashboard draw?',
  cli: 'How long does a command take to start?',
} as const;
type Name = keyof typeof QUESTIONS;
const NAMES = Object.keys(QUESTIONS) as Name[];

const HEAD = `# Benchmarks

<!-- npm run bench writes this page; bench/page.ts -->

Every figure comes from a run, its peer from the same one: \`npm run bench -- <name>\` repeats a section, \`npm run bench\` all
of them. Two cores without a GPU is what all of it was measured on; compare ratios, not seconds. How accurate the trained
networks are is told in [accuracy.md](accuracy.md), why the kernels are as they are in [performance.md](performance.md), what a fault
costs in [reliability.md](reliability.md).

![speed-up, simulated scale, dispatch and steps](benchmarks.svg)
`;

/** Writes what the results of all benchmarks show. */
export async function writeBenchmarksPage(): Promise<void> {
  await writeFile(join(ROOT, BENCHMARKS_PAGE), await renderBenchmarksPage());
  await writeFile(join(ROOT, BENCHMARKS_PICTURE), await renderBenchmarksPicture());
  await writeFile(join(ROOT, REGIMES_PICTURE), await renderRegimesPicture());
}

export async function renderBenchmarksPage(): Promise<string> {
  const sections = await Promise.all(NAMES.map(renderSection));
  return [HEAD, ...sections].join('\n');
}

/** The report of a run, under its question. */
async function renderSection(name: Name): Promise<string> {
  const report = await readResult(`${name}.md`);
  const body = report.replace(/^# .*\n/, '').trim();
  const title = /^# (.*)$/m.exec(report)?.[1] ?? name;
  return `## ${QUESTIONS[name]}\n\n\`npm run bench -- ${name}\`: ${title.slice(name.length + 2)}. ${body}\n`;
}

export async function renderBenchmarksPicture(): Promise<string> {
  const read = async <N extends keyof Results>(name: N): Promise<Results[N]> =>
    JSON.parse(await readResult(`${name}.json`)) as Results[N];
  return drawPanels([
    speedUpPanel(await read('speedup')),
    scalePanel(await read('scale')),
    dispatchPanel(await read('dispatch')),
    stepPanel(await read('step')),
  ]);
}

/** The quickest way to train, by limit of memory and link. */
export async function renderRegimesPicture(): Promise<string> {
  const { networks } = JSON.parse(await readResult('regimes.json')) as {
    readonly networks: readonly Border[];
  };
  return drawBorders(networks);
}

function readResult(file: string): Promise<string> {
  return readFile(join(ROOT, 'bench/results', file), 'utf8');
}
