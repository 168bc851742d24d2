import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';
import { defaultSlots } from '../../../contract/settings.js';
import type { WorkerDevice } from '../../../contract/workers.js';

/** A place for one trainer. */
export interface SlotPlace {
  /** As tasks report it: `cpu:0`, `gpu:1`. */
  readonly device: string;
  /** CUDA's number of the GPU; null for the CPU. */
  readonly gpu: number | null;
  /** Whether the device computes in bfloat16. */
  readonly bfloat16: boolean;
}

export interface Gpu {
  readonly name: string;
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
  // An older driver's tool does not know the second field and fails.
  return parseGpus((await nvidiaSmi('name,compute_cap')) ?? (await nvidiaSmi('name')) ?? '');
}

async function nvidiaSmi(fields: string): Promise<string | null> {
  const query = [`--query-gpu=${fields}`, '--format=csv,noheader'];
  const listed = await promisify(execFile)('nvidia-smi', query).catch(() => null);
  return listed?.stdout ?? null;
}

/** Ampere, the first generation whose tensor cores take bfloat16. */
const BFLOAT16_CAPABILITY = 8;

/** Lines of `name` or `name, compute capability`. */
export function parseGpus(listed: string): Gpu[] {
  return listed
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, name = line, capability = '0'] = /^(.*), (\d+\.\d+)$/.exec(line) ?? [];
      return { name, bfloat16: Number(capability) >= BFLOAT16_CAPABILITY };
    });
}

/** One slot a GPU, in turn where more are asked for; without GPUs as many as the cores feed. */
export function placeSlots(machine: Machine, slots: number | undefined, threads: number): Placement {
  const gpus = machine.gpus.length;
  const count = slots ?? defaultSlots({ cores: machine.cores, gpus }, threads);
  const places = Array.from({ length: count }, (_, index): SlotPlace => {
    if (gpus === 0) return { device: `cpu:${index}`, gpu: null, bfloat16: machine.cpuBfloat16 };
    const gpu = index % gpus;
    return { device: `gpu:${gpu}`, gpu, bfloat16: machine.gpus[gpu]!.bfloat16 };
  });
  return { slots: places, devices: devicesOf(machine, places) };
}

function devicesOf(machine: Machine, places: readonly SlotPlace[]): WorkerDevice[] {
  const { cpuName, cpuBfloat16: bfloat16, cpuPrefersBfloat16: prefers_bfloat16, gpus } = machine;
  if (gpus.length === 0)
    return [{ kind: 'cpu', name: cpuName, slots: places.length, bfloat16, prefers_bfloat16 }];
  const devices = gpus.map(({ name, bfloat16 }, gpu): WorkerDevice => {
    const slots = places.filter((place) => place.gpu === gpu).length;
    return { kind: 'gpu', name, slots, bfloat16, prefers_bfloat16: bfloat16 };
  });
  return devices.filter((device) => device.slots > 0);
}
