// Runs as a child process: loads TensorFlow, multiplies two matrices, and prints the result as one line of JSON.
import '../../trainer/runtime/node-compat.js';
import { createRequire } from 'node:module';

interface TensorFlow {
  tensor2d(rows: number[][]): { matMul(other: unknown): { dataSync(): Float32Array } };
  backend(): { binding: { TF_Version: string }; isUsingGpuDevice: boolean };
}

const tf = createRequire(import.meta.url)('@tensorflow/tfjs-node-gpu') as TensorFlow;
const product = tf.tensor2d([[1, 2], [3, 4]]).matMul(tf.tensor2d([[5, 6], [7, 8]])); // biome-ignore format: rows
const values = Array.from(product.dataSync());
if (values.join() !== '19,22,43,50') throw new Error(`TensorFlow computed a wrong matrix product: ${values}`);
const { binding, isUsingGpuDevice } = tf.backend();
console.log(JSON.stringify({ version: binding.TF_Version, gpu: isUsingGpuDevice }));
