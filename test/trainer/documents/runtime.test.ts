import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullRuntime, instructionSet } from '../../../src/trainer/documents/index.js';

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
  const runtime = await fullRuntime(2, 'AVX2');
  assert.equal(runtime.threads, 2);
  assert.equal(runtime.instruction_set, 'avx2');
  assert.match(runtime.kernels, /^[0-9a-f]{64}$/);
  assert.equal(runtime.kernels, (await fullRuntime(1, undefined)).kernels);
  assert.match(runtime.tensorflow, /^2\./);
});
