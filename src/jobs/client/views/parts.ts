import type { Artifact, Event, LogLine, TenantEvent } from '../../../contract/client/jobs.js';
import type { components } from '../../../contract/generated/openapi.js';
import type { Runtime, RuntimeInfo } from '../../../contract/trainer-protocol.js';
import type * as Rows from '../../store/rows.js';
import type { TaskAtWork } from '../../store/tasks.js';
import type { TenantEventRow } from '../../store/tenant-events.js';
import type { LiveWorker } from '../../store/workers.js';

type Schemas = components['schemas'];

/** A complete list, without pagination. */
export function listOf<T>(data: T[]): { object: 'list'; data: T[]; has_more: false; next: null } {
  return { object: 'list', data, has_more: false, next: null };
}

/** A page of rows. One row more than the limit was read, to know whether more follow. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  cursor: (row: T) => string,
): { object: 'list'; data: T[]; has_more: boolean; next: string | null } {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { object: 'list', data, has_more: more, next: more ? cursor(last) : null };
}

/** A page of items that never change. */
export function skipTo(
  { offset, limit }: { readonly offset: number; readonly limit: number },
  items: Uint32Array,
): { object: 'list'; data: number[]; has_more: boolean; total: number } {
  const data = [...items.subarray(offset, offset + limit)];
  return { object: 'list', data, has_more: offset + limit < items.length, total: items.length };
}

export function className(names: readonly string[], index: number): Schemas['ClassName'] {
  return { index, name: names[index] ?? String(index) };
}

/** @param waitsFor keys of the tasks that must succeed first */
export function toTask(row: Rows.Task, waitsFor: string[]): Schemas['Task'] {
  return {
    id: row.id,
    object: 'task',
    job_id: row.jobId,
    key: row.key,
    kind: row.kind,
    stage: row.stage,
    round: row.round,
    replica: row.replica,
    state: row.state,
    attempt: row.attempt,
    progress: row.progress,
    waits_for: waitsFor,
    worker_id: row.workerId,
    device: row.device,
    started_at: row.startedAt?.toISOString() ?? null,
    finished_at: row.finishedAt?.toISOString() ?? null,
    seconds: row.seconds ?? {},
    result: row.result ?? {},
    error: row.error,
    runtime: row.runtime,
  };
}

export function toTenantEvent({ jobId, ...row }: TenantEventRow): TenantEvent {
  return { job_id: jobId, ...toEvent(row) };
}

export function toEvent(row: Omit<Rows.Event, 'jobId' | 'task'>): Event {
  return {
    seq: row.seq,
    at: row.at.toISOString(),
    level: row.level,
    type: row.type,
    message: row.message,
    data: row.data,
  };
}

export function toLogLine(row: Rows.LogLine): LogLine {
  const { seq, at, task, attempt, text } = row;
  return { seq, at: at.toISOString(), task, attempt, stream: row.stream, text };
}

export function toArtifact(row: Rows.Artifact): Artifact {
  const self = `/artifacts/${row.id}`;
  return {
    id: row.id,
    object: 'artifact',
    job_id: row.jobId,
    name: row.name,
    kind: row.kind,
    media_type: row.mediaType,
    size_bytes: Number(row.sizeBytes),
    sha256: row.sha256,
    created_at: row.createdAt.toISOString(),
    links: { self, content: `${self}/content`, job: `/jobs/${row.jobId}` },
  };
}

export function taskIdsOf(row: LiveWorker): string[] {
  return row.slots.flatMap(({ task_id }) => task_id ?? []);
}

/** @param visible the tenant's tasks by id. Every tenant sees all workers, but only its own tasks. */
export function toWorker(row: LiveWorker, visible: ReadonlyMap<string, TaskAtWork>): Schemas['Worker'] {
  return {
    id: row.id,
    object: 'worker',
    host: row.host,
    devices: row.devices,
    slots: row.slots.map(
      ({
        state,
        task_id: id,
        quarantine_s,
        busy_share,
        memory_bytes,
        gpu_use,
        gpu_memory_bytes,
        runtime,
      }) => ({
        ...{
          state,
          quarantine_s: quarantine_s ?? 0,
          busy_share: busy_share ?? null,
          memory_bytes: memory_bytes ?? null,
        },
        ...{ gpu_use: gpu_use ?? null, gpu_memory_bytes: gpu_memory_bytes ?? null },
        runtime: runtime ? withoutNode(runtime) : null,
        ...workOf(visible.get(id ?? '')),
      }),
    ),
    started_at: row.startedAt.toISOString(),
    heartbeat_at: row.heartbeatAt.toISOString(),
    draining: row.draining,
    versions: row.versions,
  };
}

const withoutNode = ({ node: _, ...runtime }: RuntimeInfo): Runtime => runtime;

function workOf(task: TaskAtWork | undefined) {
  return {
    task_id: task?.id ?? null,
    task: task?.key ?? null,
    job_id: task?.jobId ?? null,
    since: task?.startedAt?.toISOString() ?? null,
  };
}
