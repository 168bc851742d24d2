import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from '../src/service/root.js';

export const LICENSES_PAGE = 'docs/licenses.md';

/** Licenses that were looked at. A dependency under another one fails `npm run check` until somebody has read it. */
const REVIEWED = new Set([
  ...[
    '0BSD',
    'Apache-2.0',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'BlueOak-1.0.0',
    'CC0-1.0',
    'ISC',
    'MIT',
    'PSF-2.0',
    'Python-2.0',
  ],
  ...['Unlicense', 'Zlib'],
  // Weak copyleft: these stay packages of their own, which are used unchanged.
  ...['EPL-2.0', 'LGPL-3.0-or-later', 'MPL-2.0'],
]);
const NOT_STATED = 'not stated in the lock file';

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly link?: boolean;
}

/** Packages of the lock file by their license. */
export function byLicense(packages: Readonly<Record<string, Locked>>): Map<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const [path, { version, license = NOT_STATED, link }] of Object.entries(packages)) {
    const at = path.lastIndexOf('node_modules/');
    if (at < 0 || link) continue;
    const name = `${path.slice(at + 'node_modules/'.length)} ${version}`;
    found.set(license, (found.get(license) ?? new Set()).add(name));
  }
  return new Map([...found].sort().map(([license, names]) => [license, [...names].sort()]));
}

/** Licenses of an expression like `(MIT OR CC0-1.0)` that nobody has looked at. */
export function unreviewed(license: string): string[] {
  if (license === NOT_STATED) return [];
  const names = license.replaceAll(/[()]/g, '').split(/ (?:AND|OR|and|or) /);
  return names.filter((name) => !REVIEWED.has(name));
}

async function lockedLicenses(): Promise<Map<string, string[]>> {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8'));
  return byLicense(lock.packages as Record<string, Locked>);
}

export async function renderLicensesPage(): Promise<string> {
  const rows = [...(await lockedLicenses())].map(
    ([license, names]) => `| ${license} | ${names.length} | ${names.join(', ')} |`,
  );
  return [
    '# Licenses of the dependencies',
    '',
    '<!-- Generated from package-lock.json by `npm run generate`. -->',
    '',
    'Every package of the lock file, those for development and for other platforms included.',
    '',
    '| license | packages | names |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

export async function checkLicenses(): Promise<string[]> {
  return [...(await lockedLicenses())].flatMap(([license, names]) =>
    unreviewed(license).map(
      (name) => `${names.join(', ')}: the license ${name} is not in scripts/licenses.ts`,
    ),
  );
}
