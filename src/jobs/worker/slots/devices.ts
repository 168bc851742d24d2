import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { GPU_FIELDS, GPU_LIST, type Gpu, parseGpuCards, visibleGpus } from '../../../contract/gpus.js';
import { defaultSlots } from '../../../contract/settings.js';
import type { WorkerDevice } from '../../../contract/workers.js';
import { nvidiaSmi } from './nvidia-smi.js';

/** A device on which one trainer runs. */
export interface SlotPlace {
  /** Name in task reports: `cpu:0`, `gpu:1`. */
  readonly device: string;
  /** UUID of the GPU; null for the CPU. */
  readonly gpu: string | null;
  /** Whether the device supports bfloat16. */
  readonly bfloat16: boolean;
}

export interface Machine {
  readonly cores: number;
  readonly cpuName: string;
  readonly cpuBfloat16: boolean;
  /** Whether bfloat16 is faster than float32 on the CPU. */
  readonly cpuPrefersBfloat16: boolean;
  readonly gpus: readonly Gpu[];
}

export interface Placement {
  readonly devices: readonly WorkerDevice[];
  readonly slots: readonly SlotPlace[];
}

/** Detects the devices of this host. */
export async function inspectMachine(): Promise<Machine> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  return {
    cores: availableParallelism(),
    cpuName: cpus()[0]?.model.trim() ?? 'CPU',
    cpuBfloat16: cpuHasBfloat16(cpuinfo),
    cpuPrefersBfloat16: cpuPrefersBfloat16(cpuinfo),
    gpus: await listGpus(),
  };
}

/** Instruction sets that multiply bfloat16 numbers. AVX-NE-CONVERT only converts them. */
const BFLOAT16_FLAGS = ['avx512_bf16', 'amx_bf16'];

/** @param cpuinfo in the format of Linux. On other systems nothing is known, and bfloat16 is not offered. */
export function cpuHasBfloat16(cpuinfo: string): boolean {
  return BFLOAT16_FLAGS.some((flag) => flagsOf(cpuinfo).includes(flag));
}

/**
 * Only with AMX: AVX512_BF16 alone has half the speed of float32 (docs/performance.md). It saves memory, but costs
 * time.
 */
export function cpuPrefersBfloat16(cpuinfo: string): boolean {
  return flagsOf(cpuinfo).includes('amx_bf16');
}

function flagsOf(cpuinfo: string): string[] {
  return /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(' ') ?? [];
}

async function listGpus(): Promise<Gpu[]> {
  const cards = parseGpuCards(await nvidiaSmi(GPU_LIST), await nvidiaSmi(GPU_FIELDS));
  return visibleGpus(cards, process.env.CUDA_VISIBLE_DEVICES);
}

/** One slot per GPU; more slots share the GPUs in turn. Without GPUs, as many slots as the cores can serve. */
export function placeSlots(machine: Machine, slots: number | undefined, threads: number): Placement {
  const gpus = machine.gpus.length;
  const count = slots ?? defaultSlots({ cores: machine.cores, gpus }, threads);
  const places = Array.from({ length: count }, (_, index): SlotPlace => {
    if (gpus === 0) return { device: `cpu:${index}`, gpu: null, bfloat16: machine.cpuBfloat16 };
    const { uuid, bfloat16 } = machine.gpus[index % gpus]!;
    return { device: `gpu:${index % gpus}`, gpu: uuid, bfloat16 };
  });
  return { slots: places, devices: devicesOf(machine, places) };
}

function devicesOf(machine: Machine, places: readonly SlotPlace[]): WorkerDevice[] {
  const { cpuName, cpuBfloat16: bfloat16, cpuPrefersBfloat16: prefers_bfloat16, gpus } = machine;
  if (gpus.length === 0)
    return [{ kind: 'cpu', name: cpuName, slots: places.length, bfloat16, prefers_bfloat16 }];
  const devices = gpus.map(({ uuid, name, bfloat16 }): WorkerDevice => {
    const slots = places.filter((place) => place.gpu === uuid).length;
    return { kind: 'gpu', name, slots, bfloat16, prefers_bfloat16: bfloat16 };
  });
  return devices.filter((device) => device.slots > 0);
}
