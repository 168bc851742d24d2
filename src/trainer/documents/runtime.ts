import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import type { Runtime } from '../../contract/trainer-protocol.js';
import { describeRuntime } from '../runtime/index.js';
import { codeVersion } from './code-version.js';

/**
 * The runtime of this trainer: what the bits of a task's outputs depend on, besides its inputs.
 * @param env its environment: ONEDNN_MAX_CPU_ISA limits the instruction set, TF_ENABLE_ONEDNN_OPTS=0 leaves oneDNN off
 */
export async function fullRuntime(threads: number, env: NodeJS.ProcessEnv): Promise<Runtime> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const { tensorflow, device } = describeRuntime();
  return {
    strata: codeVersion(),
    tensorflow,
    kernels: await kernelsHash(dirname(createRequire(import.meta.url).resolve(PACKAGE))),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    instruction_set: chosenSet(env) ?? instructionSet(cpuinfo),
    threads,
    device,
  };
}

const PACKAGE = '@tensorflow/tfjs-node-gpu/package.json';
const BINDING = 'lib/napi-v8/tfjs_binding.node';
const LIBRARIES = ['deps/lib/libtensorflow_cc.so.2', 'deps/lib/libtensorflow_framework.so.2'];

/**
 * The sets among which oneDNN chooses its kernels, the best first, with the flags that Linux shows for each
 * (dnnl_cpu_isa_t of oneDNN).
 */
const SETS: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ['avx512_core_amx_fp16', ['amx_fp16']],
  ['avx512_core_amx', ['amx_int8', 'amx_bf16', 'avx512_fp16']],
  ['avx512_core_fp16', ['avx512_fp16', 'avx512_bf16']],
  ['avx512_core_bf16', ['avx512_bf16']],
  ['avx512_core_vnni', ['avx512_vnni']],
  ['avx512_core', ['avx512f', 'avx512bw', 'avx512vl', 'avx512dq']],
  ['avx2_vnni', ['avx_vnni', 'avx2']],
  ['avx2', ['avx2']],
  ['avx', ['avx']],
  ['sse41', ['sse4_1']],
];

/** The choice of the environment; null where oneDNN chooses by the processor. */
function chosenSet({ TF_ENABLE_ONEDNN_OPTS, ONEDNN_MAX_CPU_ISA }: NodeJS.ProcessEnv): string | null {
  return TF_ENABLE_ONEDNN_OPTS === '0' ? 'eigen' : (ONEDNN_MAX_CPU_ISA?.toLowerCase() ?? null);
}

/** @param cpuinfo in the format of Linux. Elsewhere only the architecture is known. */
export function instructionSet(cpuinfo: string): string {
  const has = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(' '));
  return SETS.find(([, flags]) => flags.every((flag) => has.has(flag)))?.[0] ?? process.arch;
}

const ENDS_BYTES = 2 ** 20;

/**
 * A sha256 of the binding, and of the size, the first and the last mebibyte of each library of TensorFlow: the whole libraries
 * are a gigabyte, which would take seconds at every start.
 */
async function kernelsHash(folder: string): Promise<string> {
  const hash = createHash('sha256').update(await readFile(join(folder, BINDING)));
  for (const library of LIBRARIES) {
    const file = await open(join(folder, library));
    try {
      const { size } = await file.stat();
      hash.update(`${library} ${size}`);
      for (const start of [0, Math.max(0, size - ENDS_BYTES)]) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(ENDS_BYTES), 0, ENDS_BYTES, start);
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await file.close();
    }
  }
  return hash.digest('hex');
}
