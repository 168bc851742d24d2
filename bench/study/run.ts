// npm run study [-- name ...] [--seeds n]: trains every method beside the frozen control, in this process and on one thread,
// prints a table and writes bench/results/methods.json (docs/method.md, "Methods": the control).
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { streamProgress } from '../../src/provision/progress.js';
import { runCommand } from '../../src/service/command.js';
import { ROOT } from '../../src/service/root.js';
import { setUp } from '../../src/service/setup.js';
import { CONTENDERS, SETTING } from './contenders.js';
import { type Run, summarize, table } from './summary.js';

// Before TensorFlow loads: another number of threads adds in another order.
for (const name of ['TF_NUM_INTRAOP_THREADS', 'TF_NUM_INTEROP_THREADS', 'OMP_NUM_THREADS'])
  process.env[name] = '1';

const TITLE = 'test accuracy on MNIST of every method, before and after the end-to-end phase';

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seeds: { type: 'string', default: '3' } },
  });
  const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);
  if (seeds.length === 0) throw new Error(`--seeds is '${values.seeds}', but must be a whole number from 1`);
  const names = positionals.length > 0 ? positionals : Object.keys(CONTENDERS);
  const unknown = names.filter((name) => !(name in CONTENDERS));
  if (unknown.length > 0) {
    throw new Error(`no method ${unknown.join(', ')}; there are: ${Object.keys(CONTENDERS).join(', ')}`);
  }
  await setUp(streamProgress());
  const { trainOnce } = await import('./train-once.js');
  const runs: Run[] = [];
  for (const seed of seeds) {
    for (const name of names) {
      const run = await trainOnce(name, seed);
      runs.push(run);
      console.log(`… ${name}, seed ${seed}: ${run.after.toFixed(3)} in ${run.seconds.toFixed(0)} s`);
    }
  }
  const methods = summarize(runs);
  console.log(table(methods));
  const result = { title: TITLE, at: new Date().toISOString(), setting: SETTING, seeds, methods, runs };
  await mkdir(join(ROOT, 'bench/results'), { recursive: true });
  await writeFile(join(ROOT, 'bench/results/methods.json'), `${JSON.stringify(result, null, 2)}\n`);
});
