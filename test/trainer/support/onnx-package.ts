import { cacheEntry, cacheRoot } from '../../../src/provision/cache.js';
import { exec } from '../../../src/provision/exec.js';

const ONNX = 'onnx==1.23.2';

/** The folder on Python's path with the package of the ONNX project, installed at first use. */
export async function onnxPackage(): Promise<string> {
  const { dir } = await cacheEntry(cacheRoot(), `test-${ONNX.replace('==', '-')}`, (staging) =>
    exec('python3', ['-m', 'pip', 'install', '-q', '--target', staging, ONNX]).then(() => {}),
  );
  return dir;
}
