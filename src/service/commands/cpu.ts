import { readFile } from 'node:fs/promises';

/** Instruction sets that decide the speed of TensorFlow. */
const TELLING = /^(avx2?|fma|avx512f|avx512_vnni|avx512_bf16|amx_tile|amx_bf16|amx_int8|asimd|sve|bf16)$/;

export async function cpuFeatures(): Promise<string> {
  const text = await readFile('/proc/cpuinfo', 'utf8');
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  return (
    flags.filter((flag) => TELLING.test(flag)).join(' ') || 'no instruction set that makes TensorFlow faster'
  );
}
