import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { fullRuntime, instructionSet } from '../../../src/trainer/documents/index.js';

const run = promisify(execFile);

/** Loads TensorFlow as a trainer does. */
const CONVOLUTION = `
  import { tf } from '${new URL('../../../src/trainer/runtime/index.js', import.meta.url).href}';
  tf.conv2d(tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), 1, 'same').dataSync();
`;

const flags = (...names: string[]) => `processor\t: 0\nflags\t\t: fpu ${names.join(' ')}\nbugs\t\t:\n`;
const AVX512 = ['avx2', 'avx512f', 'avx512bw', 'avx512vl', 'avx512dq'];

test('instruction set: the best one for which oneDNN has kernels, and all its flags are needed', () => {
  assert.equal(instructionSet(flags('sse4_1', 'avx', 'avx2')), 'avx2');
  assert.equal(instructionSet(flags(...AVX512)), 'avx512_core');
  assert.equal(instructionSet(flags('avx2', 'avx512f', 'avx512bw')), 'avx2', 'a Xeon Phi is no avx512_core');
  assert.equal(instructionSet(flags(...AVX512, 'avx512_vnni', 'avx512_bf16')), 'avx512_core_bf16');
  assert.equal(
    instructionSet(flags(...AVX512, 'avx512_bf16', 'avx512_fp16', 'amx_bf16', 'amx_int8')),
    'avx512_core_amx',
  );
  assert.equal(instructionSet(''), process.arch);
});

test('runtime: names the build of the kernels, and a limit of the instruction set', async () => {
  const runtime = await fullRuntime(2, { ONEDNN_MAX_CPU_ISA: 'AVX2' });
  assert.equal(runtime.threads, 2);
  assert.equal(runtime.instruction_set, 'avx2');
  assert.match(runtime.kernels, /^[0-9a-f]{64}$/);
  assert.equal(runtime.kernels, (await fullRuntime(1, {})).kernels);
  assert.match(runtime.tensorflow, /^2\./);
});

test('runtime: oneDNN is on whatever the processor, unless the environment leaves it off', async () => {
  assert.equal(process.env.TF_ENABLE_ONEDNN_OPTS, '1');
  assert.equal((await fullRuntime(1, { TF_ENABLE_ONEDNN_OPTS: '0' })).instruction_set, 'eigen');
  const { stderr } = await run(process.execPath, ['--import', 'tsx', '-e', CONVOLUTION], {
    env: { ...process.env, TF_ENABLE_ONEDNN_OPTS: undefined, TF_CPP_MIN_LOG_LEVEL: '0' },
  });
  assert.match(stderr, /oneDNN custom operations are on/);
});
