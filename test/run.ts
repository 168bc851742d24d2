// npm test [-- filter ...]: runs test/**/*.test.ts whose path contains a filter: one file more at once than there are
// cores, then, as many as there are cores, those that put whole services under faults. A file that failed runs once
// more, alone: what passes then depends on the load of the machine, and is named at the end with its first failure.
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { messageOf } from '../src/contract/message-of.js';
import { runCommand } from '../src/service/commands/command.js';
import { compileService } from '../src/service/compile.js';
import { ROOT } from '../src/service/root.js';
import { prepareTests, TEST_OPTIONS } from './support/prepare.js';
import { COMPILED } from './support/service-module.js';

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

/** If more files fail, the load of the machine is not the reason. */
const MAX_AGAIN = 10;
/** Number of files that are named at the end because they took longest. */
const LONGEST_NAMED = 12;

/** Result of one run of one file. */
interface FileResult {
  passed: number;
  skipped: number;
  /** Name and error of each test that failed. */
  failures: string[];
  /** Failures of a first run, where the second passed. */
  unsteady: string[];
  /** Milliseconds of its tests. */
  duration: number;
}

/** By the path of the file. */
type Results = Map<string, FileResult>;

await runCommand(async () => {
  await prepareTests();
  await compileService();
  process.env[COMPILED] = 'yes';
  // Node's test runner starts each file with the options of this process.
  process.execArgv = [...TEST_OPTIONS];
  const files = await testFiles(process.argv.slice(2));
  const underFaults = (file: string) => FAULTS.some((folder) => file.startsWith(join(ROOT, 'test', folder)));
  const long = files.filter((file) => LONGEST.includes(file));
  const shared = [...long, ...files.filter((file) => !underFaults(file) && !long.includes(file))];
  const { TZ } = process.env;
  process.env.TZ = TZ ?? ZONE;
  const results: Results[] = [];
  const first = await runFiles(shared, SHARED_AT_ONCE);
  results.push(
    await failedAgain(
      new Map([...first, ...(await runFiles(files.filter(underFaults), availableParallelism()))]),
    ),
  );
  for (const zone of TZ === undefined ? OTHER_ZONES : []) {
    process.env.TZ = zone;
    const again = files.filter((file) => FILES_OF_TIMES.includes(file));
    results.push(await failedAgain(await runFiles(again, availableParallelism())));
  }
  const all = results.flatMap((each) => [...each.values()]);
  const sum = (count: (result: FileResult) => number) =>
    all.reduce((total, result) => total + count(result), 0);
  const failures = all.flatMap((result) => result.failures);
  console.log(`Files that took longest: ${longest(results).join(', ')}`);
  for (const failure of all.flatMap(({ unsteady }) => unsteady))
    console.log(`Passed only when it ran again, alone: ${failure}`);
  for (const failure of failures) console.log(`Failed: ${failure}`);
  const passed = sum((result) => result.passed);
  console.log(`${passed} passed, ${failures.length} failed, ${sum(({ skipped }) => skipped)} skipped`);
  process.exit(failures.length > 0 || passed === 0 ? 1 : 0);
});

async function testFiles(filters: readonly string[]): Promise<string[]> {
  const names = await readdir(join(ROOT, 'test'), { recursive: true });
  const wanted = (name: string) => filters.length === 0 || filters.some((filter) => name.includes(filter));
  return names
    .filter((name) => name.endsWith('.test.ts') && wanted(name))
    .sort()
    .map((name) => join(ROOT, 'test', name));
}

/** Runs the files that failed once more, one at a time. @returns the results, with those of the second runs */
async function failedAgain(results: Results): Promise<Results> {
  const failed = [...results].filter(([, { failures }]) => failures.length > 0);
  if (failed.length > MAX_AGAIN) return results;
  const latest = new Map(results);
  for (const [file, { failures }] of failed) {
    console.log(`Once more, alone: ${relative(ROOT, file)}`);
    const again = (await runFiles([file], 1)).get(file);
    if (again === undefined) continue;
    latest.set(file, again);
    if (again.failures.length > 0) continue;
    again.unsteady.push(...failures);
  }
  return latest;
}

async function runFiles(files: string[], concurrency: number): Promise<Results> {
  const results: Results = new Map();
  if (files.length === 0) return results;
  const resultOf = (file: string): FileResult => {
    const result = results.get(file) ?? { passed: 0, skipped: 0, failures: [], unsteady: [], duration: 0 };
    results.set(file, result);
    return result;
  };
  const stream = run({ files, concurrency, timeout: FILE_TIMEOUT_MS });
  for (const outcome of ['test:pass', 'test:fail'] as const)
    stream.on(outcome, ({ file, name, nesting, details }) => {
      if (nesting === 0) resultOf(file ?? name).duration += details.duration_ms;
    });
  stream.on('test:pass', ({ file, name, details, skip, todo }) => {
    // Node reports a file without tests as a passed test with the file's name.
    if (details.type === 'suite' || files.includes(name)) return;
    if (skip !== undefined || todo !== undefined) resultOf(file ?? name).skipped += 1;
    else resultOf(file ?? name).passed += 1;
  });
  stream.on('test:fail', ({ file, name, details: { error } }) => {
    // A suite or file that fails only because of its subtests is not one more failure.
    if (failureType(error) === 'subtestsFailed') return;
    const path = file ?? name;
    resultOf(path).failures.push(`${relative(ROOT, path)}: ${name}: ${messageOf(error.cause ?? error)}`);
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
  return results;
}

function longest(results: readonly Results[]): string[] {
  return results
    .flatMap((each) => [...each])
    .sort(([, a], [, b]) => b.duration - a.duration)
    .slice(0, LONGEST_NAMED)
    .map(([file, { duration }]) => `${relative(ROOT, file)} ${Math.round(duration / 1000)} s`);
}

function failureType(error: object): unknown {
  return 'failureType' in error ? error.failureType : undefined;
}
