import { GPU_USE, type GpuUse, parseGpuUse } from '../../../contract/gpus.js';
import { nvidiaSmi } from './nvidia-smi.js';

const UNKNOWN: GpuUse = { gpu_use: null, gpu_memory_bytes: null };

/** The use of the GPUs of this host as its driver last told. On a host without GPUs nothing is asked. */
export class GpuWatch {
  #byUuid: ReadonlyMap<string, GpuUse> = new Map();

  constructor(private readonly hasGpus: boolean) {}

  async look(): Promise<void> {
    if (this.hasGpus) this.#byUuid = parseGpuUse(await nvidiaSmi(GPU_USE));
  }

  /** @param gpu UUID of a GPU; null for the CPU */
  useOf(gpu: string | null): GpuUse {
    return (gpu !== null && this.#byUuid.get(gpu)) || UNKNOWN;
  }
}
