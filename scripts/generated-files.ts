import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import openapiTypes, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import {
  BENCHMARKS_PAGE,
  BENCHMARKS_PICTURE,
  REGIMES_PICTURE,
  renderBenchmarksPage,
  renderBenchmarksPicture,
  renderRegimesPicture,
} from '../bench/page.js';
import {
  ACCURACY_PAGE,
  ACCURACY_PICTURE,
  renderAccuracyPage,
  renderAccuracyPicture,
  STUDY_FILE,
} from '../bench/study/page.js';
import { PLAN_ROWS_FILE, renderPlanRows } from '../bench/study/plan-rows.js';
import { RECIPES_PAGE, renderRecipesPage } from '../bench/study/recipes/page.js';
import { RECIPES_FILE } from '../bench/study/recipes/results.js';
import { renderErrorsPage } from '../src/contract/errors-page.js';
import { SETTINGS } from '../src/contract/setting-descriptions.js';
import { ROOT } from '../src/service/root.js';
import { renderContractDefaults } from './contract-defaults.js';
import { LICENSES_PAGE, renderLicensesPage } from './licenses.js';
import { PYTHON_CLIENT, renderSyncModule, SYNC_MODULES } from './python-sync.js';
import { renderPythonTypes } from './python-types.js';
import { replaceBetween } from './replace-between.js';

/** A committed file that another one decides. */
export interface GeneratedFile {
  /** Relative to the checkout. */
  readonly path: string;
  readonly source: string;
  /** The whole file as it should be. */
  render(): Promise<string>;
}

const OPERATING = 'docs/operating.md';

export const GENERATED_FILES: readonly GeneratedFile[] = [
  { path: 'src/contract/generated/openapi.ts', source: 'openapi/openapi.yaml', render: renderContractTypes },
  { path: 'client/src/generated/openapi.ts', source: 'openapi/openapi.yaml', render: renderContractTypes },
  {
    path: 'src/contract/generated/defaults.ts',
    source: 'openapi/openapi.yaml',
    render: renderContractDefaults,
  },
  {
    path: `${PYTHON_CLIENT}/schemas.py`,
    source: 'openapi/openapi.yaml',
    render: renderPythonTypes,
  },
  ...SYNC_MODULES.map((name) => ({
    path: `${PYTHON_CLIENT}/_sync/${name}`,
    source: `${PYTHON_CLIENT}/_async/${name}`,
    render: () => renderSyncModule(name),
  })),
  { path: 'docs/errors.md', source: 'src/contract/errors/', render: async () => renderErrorsPage() },
  { path: BENCHMARKS_PAGE, source: 'bench/results', render: renderBenchmarksPage },
  { path: BENCHMARKS_PICTURE, source: 'bench/results', render: renderBenchmarksPicture },
  { path: REGIMES_PICTURE, source: 'bench/results', render: renderRegimesPicture },
  { path: ACCURACY_PAGE, source: STUDY_FILE, render: renderAccuracyPage },
  { path: ACCURACY_PICTURE, source: STUDY_FILE, render: renderAccuracyPicture },
  { path: PLAN_ROWS_FILE, source: STUDY_FILE, render: renderPlanRows },
  { path: RECIPES_PAGE, source: RECIPES_FILE, render: renderRecipesPage },
  { path: LICENSES_PAGE, source: 'package-lock.json', render: renderLicensesPage },
  { path: OPERATING, source: 'src/contract/setting-descriptions.ts', render: renderOperatingPage },
];

async function renderContractTypes(): Promise<string> {
  const types = await openapiTypes(pathToFileURL(join(ROOT, 'openapi/openapi.yaml')));
  return COMMENT_HEADER + astToString(types);
}

/** The page is written by hand but for the table between its markers. */
async function renderOperatingPage(): Promise<string> {
  const page = await readFile(join(ROOT, OPERATING), 'utf8');
  return replaceBetween(
    page,
    '<!-- settings: npm run generate -->\n',
    '<!-- end of settings -->',
    renderSettings(),
    OPERATING,
  );
}

function renderSettings(): string {
  const rows = SETTINGS.map(
    ({ name, default: fallback, meaning }) => `| \`${name}\` | ${fallback} | ${meaning} |\n`,
  );
  return `| variable | default | meaning |\n|---|---|---|\n${rows.join('')}`;
}
