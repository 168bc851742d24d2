import { execFile } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';
import { defaultSlots } from '../../contract/settings.js';
import type { WorkerDevice } from '../store/workers.js';

/** A place for one trainer. */
export interface SlotPlace {
  /** As tasks report it: `cpu:0`, `gpu:1`. */
  readonly device: string;
  /** CUDA's number of the GPU; null for the CPU. */
  readonly gpu: number | null;
}

export interface Machine {
  readonly cores: number;
  readonly cpuName: string;
  readonly gpuNames: readonly string[];
}

export interface Placement {
  readonly devices: readonly WorkerDevice[];
  readonly slots: readonly SlotPlace[];
}

/** What this host has to train on. */
export async function inspectMachine(): Promise<Machine> {
  return {
    cores: availableParallelism(),
    cpuName: cpus()[0]?.model.trim() ?? 'CPU',
    gpuNames: await gpuNames(),
  };
}

async function gpuNames(): Promise<string[]> {
  const query = ['--query-gpu=name', '--format=csv,noheader'];
  const listed = await promisify(execFile)('nvidia-smi', query).catch(() => null);
  return listed?.stdout.split('\n').filter(Boolean) ?? [];
}

/** One slot a GPU, in turn where more are asked for; without GPUs as many as the cores feed. */
export function placeSlots(machine: Machine, slots: number | undefined, threads: number): Placement {
  const gpus = machine.gpuNames.length;
  const count = slots ?? defaultSlots({ cores: machine.cores, gpus }, threads);
  const places = Array.from({ length: count }, (_, index): SlotPlace => {
    if (gpus === 0) return { device: `cpu:${index}`, gpu: null };
    return { device: `gpu:${index % gpus}`, gpu: index % gpus };
  });
  return { slots: places, devices: devicesOf(machine, places) };
}

function devicesOf(machine: Machine, places: readonly SlotPlace[]): WorkerDevice[] {
  if (machine.gpuNames.length === 0) return [{ kind: 'cpu', name: machine.cpuName, slots: places.length }];
  const devices = machine.gpuNames.map((name, gpu): WorkerDevice => {
    return { kind: 'gpu', name, slots: places.filter((place) => place.gpu === gpu).length };
  });
  return devices.filter((device) => device.slots > 0);
}
