import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../src/service/root.js';

export const PYTHON_CLIENT = 'python/src/strata_train';

/** Modules that are written once, for `async`, and generated without it. */
export const SYNC_MODULES = [
  'artifacts.py',
  'batches.py',
  'client.py',
  'connection.py',
  'datasets.py',
  'evaluations.py',
  'follow.py',
  'jobs.py',
  'models.py',
  'registry.py',
  'sweeps.py',
];

/** Parts of a module for `async`, with their replacements in the same module without it. The order matters. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/async (def|for|with) /g, '$1 '],
  [/\bawait /g, ''],
  [/\bAsync(Iterator|Client|BaseTransport)\b/g, '$1'],
  [
    /\bAsync(Strata|Job|Jobs|Model|Models|Datasets|Artifacts|Batches|Evaluations|Registry|Sweep|Sweeps|Workers|Connection)\b/g,
    '$1',
  ],
  [/\b__a(enter|exit|iter|next)__\b/g, '__$1__'],
  [/\ba(close|iter_bytes|read)\b/g, '$1'],
  [/\basynccontextmanager\b/g, 'contextmanager'],
  [/\basyncio\.sleep\b/g, 'time.sleep'],
  [/^import asyncio$/gm, 'import time'],
  [/^import time\nimport time$/gm, 'import time'],
  [/\b_async\b/g, '_sync'],
  [/^( *)# without async: ?/gm, '$1'],
];

export async function renderSyncModule(name: string): Promise<string> {
  const source = await readFile(join(ROOT, PYTHON_CLIENT, '_async', name), 'utf8');
  const text = REPLACEMENTS.reduce((code, [from, to]) => code.replaceAll(from, to), source);
  return `# Generated from ../_async/${name} by \`npm run generate\`. Do not edit.\n${text}`;
}
