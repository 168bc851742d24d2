// The one entry of every npm script. It runs before anything is installed, so: plain JavaScript, Node's own modules
// only, and syntax that old versions of Node can read far enough to be told what is wrong.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The first with `zlib.crc32`. */
const OLDEST_NODE = [20, 15];
const LINE_EVERY_MS = 10_000;

const COMMANDS = {
  quickstart: 'src/service/commands/quickstart.ts',
  start: 'src/service/commands/start.ts',
  stop: 'src/service/commands/stop.ts',
  status: 'src/service/commands/status.ts',
  test: 'test/run.ts',
  'test:faults': 'test/faults/all.ts',
  'test:contract': 'test/contract/long.ts',
  'test:mutants': 'test/mutants/run.ts',
  check: 'scripts/check.ts',
  audit: 'scripts/audit.ts',
  bench: 'bench/run.ts',
  study: 'bench/study/run.ts',
  'study:epochs': 'bench/study/equal-epochs.ts',
  screenshots: 'test/browser/screenshots/shoot.ts',
  'screenshots:record': 'test/browser/screenshots/record.ts',
  doctor: 'src/service/commands/doctor.ts',
  setup: 'src/service/commands/setup.ts',
  backup: 'src/service/commands/backup.ts',
  restore: 'src/service/commands/restore.ts',
  reset: 'src/service/commands/reset.ts',
  'api-key': 'src/service/commands/api-key.ts',
  generate: 'scripts/generate.ts',
  recording: 'scripts/recording.ts',
};

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function fail(message) {
  console.error(`✗ ${message}`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(
    `Strata needs Node ${OLDEST_NODE.join('.')} or newer; this is ${process.version}. To install one:\n` +
      '  curl -fsSL https://deb.nodesource.com/setup_22.x | bash - && apt-get install nodejs',
  );
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm writes node_modules/.package-lock.json when an
 * install is complete, so an interrupted one does not count.
 */
function isInstalled() {
  const wanted = readPackages('package-lock.json');
  const present = readPackages('node_modules/.package-lock.json');
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || present[path]?.integrity === entry.integrity,
  );
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(join(ROOT, path), 'utf8')).packages;
  } catch {
    return {};
  }
}

function folderBytes(folder) {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += folderBytes(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}

async function installPackages() {
  if (spawnSync('npm', ['--version']).status !== 0)
    fail('npm is missing. To install it:  apt-get install npm');
  console.log('… installing the npm packages (npm ci)');
  const started = Date.now();
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  const ticker = setInterval(
    () => console.log(`… installing the npm packages (${seconds()} s)`),
    LINE_EVERY_MS,
  );
  // Its warnings about transitive packages would bury ours; its errors are shown.
  const code = await run('npm', ['ci', '--loglevel=error'], { env: process.env, ipc: false });
  clearInterval(ticker);
  if (code !== 0) fail(`npm ci failed (${code}). Its message is above; correct that and run this again.`);
  const bytes = folderBytes(join(ROOT, 'node_modules'));
  console.log(`✓ installed the npm packages (${seconds()} s, ${Math.round(bytes / 1e6)} MB)`);
  process.env.STRATA_NPM_CI = `${seconds()},${bytes}`;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs a command to its end, passing signals on, and answers its exit code. The command sees by its IPC channel when this
 * process is gone, and by a signal when npm is: npm that is killed tells nobody.
 */
function run(file, args, { env, ipc }) {
  return new Promise((resolve) => {
    const stdio = ['inherit', 'inherit', 'inherit', ...(ipc ? ['ipc'] : [])];
    const child = spawn(file, args, { cwd: ROOT, env, stdio });
    const forward = (signal) => child.kill(signal);
    for (const signal of SIGNALS) process.on(signal, forward);
    const watch = whenNpmIsGone(() => child.kill('SIGTERM'));
    child.once('error', (error) => fail(`${file}: ${error.message}`));
    child.once('exit', (code, signal) => {
      clearInterval(watch);
      for (const name of SIGNALS) process.off(name, forward);
      resolve(signal ? 1 : code);
    });
  });
}

const NPM_LOOK_MS = 500;

/** Calls back once when the npm that runs this script has ended. Started without npm, it never does. */
function whenNpmIsGone(callback) {
  const npm = npmAncestor();
  if (npm === undefined) return undefined;
  const timer = setInterval(() => {
    if (startOf(npm.pid) === npm.start) return;
    clearInterval(timer);
    callback();
  }, NPM_LOOK_MS);
  return timer;
}

/** npm may have put a shell between itself and us. */
function npmAncestor() {
  if (!process.env.npm_lifecycle_event) return undefined;
  for (let pid = process.ppid; pid > 1; pid = statOf(pid)?.parent ?? 0) {
    if (/^npm |\/npm(-cli\.js)?\0/.test(readProc(pid, 'cmdline') ?? '')) return { pid, start: startOf(pid) };
  }
  return undefined;
}

/** When a process started: another one may have its number by now. */
function startOf(pid) {
  return statOf(pid)?.start;
}

function statOf(pid) {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // pid (name) state parent ...: the name may hold spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), start: fields[19] };
}

function readProc(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

const [name, ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (!command) fail(`Unknown command '${name}'. One of: ${Object.keys(COMMANDS).join(', ')}`);
if (!existsSync(join(ROOT, command))) fail(`'npm run ${name}' is not there yet (${command}).`);
checkNode();
// ONNX Runtime would send data about models to its vendor, from any process that a command starts.
process.env.ORT_DISABLE_TELEMETRY = '1';
if (!isInstalled()) await installPackages();
process.exitCode = await run(process.execPath, ['--import', 'tsx', command, ...args], {
  env: process.env,
  ipc: true,
});
