import type { RuntimeInfo } from './trainer-protocol.js';

export interface WorkerDevice {
  readonly kind: 'cpu' | 'gpu';
  readonly name: string;
  readonly slots: number;
  /** Whether the device supports bfloat16 without emulation. */
  readonly bfloat16: boolean;
  /** Whether bfloat16 is faster than float32 on it. */
  readonly prefers_bfloat16: boolean;
}

/** The way between a worker and the blob store, as measured by the worker. */
export interface StoreLink {
  readonly bytes_per_second: number;
  readonly round_trip_seconds: number;
}

export interface WorkerSlot {
  readonly state: 'starting' | 'idle' | 'busy' | 'quarantined';
  readonly task_id: string | null;
  /** Seconds until it takes tasks again; absent from workers of an earlier version. */
  readonly quarantine_s?: number;
  /** Share of the last hour at work, 0 to 1. Absent from workers of an earlier version, like the next. */
  readonly busy_share?: number;
  /** Resident memory of its trainer; null without one. */
  readonly memory_bytes?: number | null;
  /** Use of its GPU, which it may share with other slots; null on a CPU. */
  readonly gpu_use?: number | null;
  readonly gpu_memory_bytes?: number | null;
  /** Runtime of its trainers; absent before the first one is ready. */
  readonly runtime?: RuntimeInfo;
}
