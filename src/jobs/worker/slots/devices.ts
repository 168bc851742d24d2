import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';
import { GPU_FIELDS, GPU_LIST, type Gpu, parseGpuCards, visibleGpus } from '../../../contract/gpus.js';
import { defaultSlots } from '../../../contract/settings.js';
import type { WorkerDevice } from '../../../contract/workers.js';

/** A place for one trainer. */
export interface SlotPlace {
  /** As tasks report it: `cpu:0`, `gpu:1`. */
  readonly device: string;
  /** UUID of the GPU; null for the CPU. */
  readonly gpu: string | null;
  /** Whether the device computes in bfloat16. */
  readonly bfloat16: boolean;
}

export interface Machine {
  readonly cores: number;
  readonly cpuName: string;
  readonly cpuBfloat16: boolean;
  /** Whether the CPU's bfloat16 is the faster arithmetic. */
  readonly cpuPrefersBfloat16: boolean;
  readonly gpus: readonly Gpu[];
}

export interface Placement {
  readonly devices: readonly WorkerDevice[];
  readonly slots: readonly SlotPlace[];
}

/** What this host has to train on. */
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

/** Instructions that multiply bfloat16 numbers; AVX-NE-CONVERT only converts them. */
const BFLOAT16_FLAGS = ['avx512_bf16', 'amx_bf16'];

/** @param cpuinfo as Linux shows it; elsewhere nothing is known, and bfloat16 not offered */
export function cpuHasBfloat16(cpuinfo: string): boolean {
  return BFLOAT16_FLAGS.some((flag) => flagsOf(cpuinfo).includes(flag));
}

/**
 * Only with AMX: AVX512_BF16 alone was measured at half of float32's rate (docs/performance.md), and saves memory at the
 * cost of time.
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

/** Its output; empty where it is not there or does not know a field. */
async function nvidiaSmi(args: readonly string[]): Promise<string> {
  const done = await promisify(execFile)('nvidia-smi', args).catch(() => null);
  return done?.stdout ?? '';
}

/** One slot a GPU, in turn where more are asked for; without GPUs as many as the cores feed. */
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
