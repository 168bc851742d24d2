export interface WorkerDevice {
  readonly kind: 'cpu' | 'gpu';
  readonly name: string;
  readonly slots: number;
  /** Whether it computes in bfloat16 without emulation. */
  readonly bfloat16: boolean;
  /** Whether it does so faster than in float32. */
  readonly prefers_bfloat16: boolean;
}

export interface WorkerSlot {
  readonly state: 'starting' | 'idle' | 'busy';
  readonly task_id: string | null;
}
