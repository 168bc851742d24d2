// npm test [-- filter ...]: runs test/**/*.test.ts whose path contains a filter: one file more at once than there are
// cores, then, as many as there are cores, those that put whole services under faults.
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { runCommand } from '../src/service/commands/command.js';
import { ROOT } from '../src/service/root.js';
import { prepareTests, TEST_OPTIONS } from './support/prepare.js';

/** The whole fault matrix takes longer than any other file. */
const FILE_TIMEOUT_MS = (process.env.FAULTS === 'all' ? 180 : 15) * 60_000;

/** Services under faults with leases to keep: beside more files they would test a machine that is too small. */
const FAULTS = ['faults/'];
/** Files of services wait for processes and disks about a third of their time. */
const SHARED_AT_ONCE = availableParallelism() + 1;

/** Files of minutes, which begin first: at the end one core would wait for them. */
const LONGEST = [
  ...['contract/fuzz', 'browser/swagger-ui', 'service/real-job', 'trainer/tasks/tasks', 'docs/integration'],
  ...['docs/readme', 'service/service', 'service/backup/home', 'python/package'],
  ...['service/backup/live', 'browser/dashboard', 'jobs/dispatcher/trackers/exports', 'datasets/hostile'],
].map((name) => join(ROOT, 'test', `${name}.test.ts`));

/**
 * The machine's time zone, which Postgres, Node and every child take over: half an hour off the full hours and east of UTC, where
 * a forgotten offset lies in the future. `TZ=... npm test` runs everything in another zone.
 */
const ZONE = 'Asia/Kolkata';
/** Files whose times matter run again west of UTC, and in UTC itself. */
const OTHER_ZONES = ['America/St_Johns', 'UTC'];
const FILES_OF_TIMES = [
  ...['jobs/store/time-zone', 'jobs/store/fences', 'jobs/dispatcher/garbage', 'jobs/client/views/views'],
  ...['jobs/dispatcher/webhooks/deliveries', 'trainer/documents/documents'],
].map((name) => join(ROOT, 'test', `${name}.test.ts`));

/** Number of files that are named at the end because they took longest. */
const LONGEST_NAMED = 12;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Milliseconds of the tests of each file. */
  durations: Map<string, number>;
}

await runCommand(async () => {
  await prepareTests();
  // Node's test runner starts each file with the options of this process.
  process.execArgv = [...TEST_OPTIONS];
  const files = await testFiles(process.argv.slice(2));
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, durations: new Map() };
  const underFaults = (file: string) => FAULTS.some((folder) => file.startsWith(join(ROOT, 'test', folder)));
  const long = files.filter((file) => LONGEST.includes(file));
  const shared = [...long, ...files.filter((file) => !underFaults(file) && !long.includes(file))];
  const { TZ } = process.env;
  process.env.TZ = TZ ?? ZONE;
  await runFiles(shared, SHARED_AT_ONCE, counts);
  await runFiles(files.filter(underFaults), availableParallelism(), counts);
  for (const zone of TZ === undefined ? OTHER_ZONES : []) {
    process.env.TZ = zone;
    const again = files.filter((file) => FILES_OF_TIMES.includes(file));
    await runFiles(again, availableParallelism(), counts);
  }
  console.log(`Files that took longest: ${longest(counts.durations).join(', ')}`);
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  if (counts.passed + counts.failed === 0) process.exit(1);
  process.exit(counts.failed > 0 ? 1 : 0);
});

async function testFiles(filters: readonly string[]): Promise<string[]> {
  const names = await readdir(join(ROOT, 'test'), { recursive: true });
  const wanted = (name: string) => filters.length === 0 || filters.some((filter) => name.includes(filter));
  return names
    .filter((name) => name.endsWith('.test.ts') && wanted(name))
    .sort()
    .map((name) => join(ROOT, 'test', name));
}

async function runFiles(files: string[], concurrency: number, counts: Counts): Promise<void> {
  if (files.length === 0) return;
  const stream = run({ files, concurrency, timeout: FILE_TIMEOUT_MS });
  for (const outcome of ['test:pass', 'test:fail'] as const)
    stream.on(outcome, ({ file = '', nesting, details }) => {
      const before = counts.durations.get(file) ?? 0;
      if (nesting === 0) counts.durations.set(file, before + details.duration_ms);
    });
  stream.on('test:pass', (event) => {
    // Node reports a file without tests as a passed test with the file's name.
    if (event.details.type === 'suite' || files.includes(event.name)) return;
    if (event.skip !== undefined || event.todo !== undefined) counts.skipped += 1;
    else counts.passed += 1;
  });
  stream.on('test:fail', (event) => {
    const { error } = event.details;
    // A suite or file that fails only because of its subtests is not one more failure.
    if (failureType(error) === 'subtestsFailed') return;
    counts.failed += 1;
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
}

function longest(durations: ReadonlyMap<string, number>): string[] {
  return [...durations]
    .sort(([, a], [, b]) => b - a)
    .slice(0, LONGEST_NAMED)
    .map(([file, ms]) => `${relative(ROOT, file)} ${Math.round(ms / 1000)} s`);
}

function failureType(error: object): unknown {
  return 'failureType' in error ? error.failureType : undefined;
}
