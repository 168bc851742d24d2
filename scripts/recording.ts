// npm run recording: records a terminal in which `strata` trains a network on a service of its own, as docs/recording.svg.
import { openSync } from 'node:fs';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { parseSettings } from '../src/contract/settings.js';
import { exec } from '../src/provision/exec.js';
import { streamProgress } from '../src/provision/progress.js';
import { runCommand } from '../src/service/commands/command.js';
import { ROOT } from '../src/service/root.js';
import { startService } from '../src/service/service.js';
import { castAt, compact, withStillPicture, withTitle } from './recording/cast.js';

const TARGET = join(ROOT, 'docs/recording.svg');
const PARTS = join(ROOT, 'scripts/recording');
const TITLE =
  'A terminal: strata trains a network in three stages, downloads it, and asks it about a picture';
const COLUMNS = 84;
const ROWS = 17;
/** The recording is played this many times as fast as it happened. docs/cli.md says so. */
const SPEED = 3;
/** Pictures are this far apart: each adds about a kilobyte. */
const FRAME_S = 0.7;

const JOB = `dataset: mnist
model: { family: resnet, depth: 14, width: 8 }
method: { stages: 3 }
epochs: 2
max_train_samples: 2048
exports: [onnx]
`;

await runCommand(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strata-recording-'));
  const settings = parseSettings({ PORT: '0', STRATA_HOME: join(folder, 'home'), STRATA_SLOTS: '3' });
  const output = openSync(join(folder, 'log'), 'a');
  const service = await startService({ settings, progress: streamProgress(), output });
  try {
    const desk = await setTable(folder);
    const svg = await record(folder, desk, service.apiUrl);
    await writeFile(TARGET, svg);
    console.log(`${TARGET}: ${(svg.length / 1000).toFixed(0)} kB`);
  } finally {
    await service.stop();
    await rm(folder, { recursive: true });
  }
});

/** The folder in which the commands run. */
async function setTable(folder: string): Promise<string> {
  const desk = await mkdtemp(join(folder, 'desk-'));
  await symlink(join(ROOT, 'strata'), join(desk, 'strata'));
  await writeFile(join(desk, 'job.yaml'), JOB);
  const seven =
    '<svg xmlns="http://www.w3.org/2000/svg" width="28" height="28"><rect width="28" height="28"/><path d="M8 7h12l-7 15" fill="none" stroke="white" stroke-width="2.6"/></svg>';
  await sharp(Buffer.from(seven)).png().toFile(join(desk, 'seven.png'));
  // The first start makes the bundle, which is not what a reader sees.
  await exec(join(desk, 'strata'), ['--version'], { cwd: desk });
  return desk;
}

async function record(folder: string, desk: string, url: string): Promise<string> {
  const packages = join(folder, 'packages');
  const pip = ['--quiet', '--disable-pip-version-check', '--no-deps', '--target', packages];
  await exec('python3', ['-m', 'pip', 'install', ...pip, '-r', join(PARTS, 'requirements.txt')]);
  const { PATH = '' } = process.env;
  const env = {
    PATH,
    HOME: desk,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    STRATA_URL: url,
    PYTHONPATH: packages,
  };
  const python = (...args: string[]) => exec('python3', ['-W', 'ignore', '-m', ...args], { cwd: desk, env });
  const cast = join(folder, 'cast');
  const svg = join(folder, 'svg');
  const session = `bash ${join(PARTS, 'session.sh')}`;
  await python('asciinema', 'rec', cast, '--cols', `${COLUMNS}`, '--rows', `${ROWS}`, '-c', session);
  await writeFile(cast, castAt(SPEED, FRAME_S, await readFile(cast, 'utf8')));
  await python(
    'termtosvg',
    'render',
    cast,
    svg,
    '-m',
    '100',
    '-M',
    '1500',
    '-D',
    '4000',
    '-t',
    'window_frame',
  );
  return withTitle(TITLE, compact(withStillPicture(await readFile(svg, 'utf8'))));
}
