// node --import tsx bench/study/norms.ts --file cifar10-images.zip: back-propagation in the setting of the study with other
// norms, or with the mean of the weights of the last steps, in PyTorch: what is no option of a job (docs/accuracy.md).
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exec } from '../../src/provision/exec.js';
import { torchCommand } from '../step/torch.js';
import { arraysOf } from './pool.js';

const SCRIPT = fileURLToPath(new URL('./norms.py', import.meta.url));
const WAYS = ['ema', 'group'];
const EPOCHS = '6';

const { values } = parseArgs({
  options: { file: { type: 'string' }, seeds: { type: 'string', default: '1' } },
});
if (values.file === undefined) throw new Error('--file: CIFAR-10 as an archive of images');
const torch = await torchCommand(console.log);
if (!torch) throw new Error('there is no PyTorch');
const folder = await mkdtemp(join(tmpdir(), 'strata-norms-'));
try {
  const images = join(folder, 'images.npz');
  await writeFile(images, await arraysOf(values.file, true));
  for (const seed of values.seeds.split(',')) {
    for (const way of WAYS) {
      console.log(
        await exec('python3', [SCRIPT, images, way, seed, EPOCHS], { env: { ...process.env, ...torch.env } }),
      );
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
