import type { components } from '../../../contract/generated/openapi.js';
import { evaluateKey } from '../../../planning/tasks/task-graph.js';
import type { UsageFigures } from '../../store/usage.js';

type Schemas = components['schemas'];
type Attempt = Pick<
  Schemas['Attempt'],
  'task' | 'kind' | 'round' | 'outcome' | 'started_at' | 'ended_at' | 'devices'
>;

/** Attempts whose work counted for nothing, apart from what a checkpoint kept. */
const LOST: readonly Schemas['Attempt']['outcome'][] = ['failed', 'lost'];
/** Whether it worked on a round of the layer-parallel phase; an evaluation may also be one of the joined network. */
const isParallel = ({ task, kind, round }: Attempt): boolean =>
  kind === 'stage' || task === evaluateKey(round ?? 0);

/** Attempts of earlier versions may not name their device. */
const slotsOf = (devices: readonly string[]): number => Math.max(1, devices.length);

/** Seconds and bytes that a job has used. A running attempt counts until now, by the clock of the database. */
export function toUsage(
  jobId: string,
  attempts: readonly Attempt[],
  { now, wallSeconds, messageBytes, artifactBytes, earlyEnd }: UsageFigures,
): Schemas['JobUsage'] {
  const secondsOf = (counted: readonly Attempt[]) =>
    counted.reduce((sum, { started_at, ended_at, devices }) => {
      const endMs = ended_at === null ? now.getTime() : Date.parse(ended_at);
      return sum + (slotsOf(devices) * Math.max(0, endMs - Date.parse(started_at))) / 1000;
    }, 0);
  const isDropped = (attempt: Attempt) =>
    earlyEnd !== null && isParallel(attempt) && (attempt.round ?? 0) > earlyEnd.round;
  return {
    object: 'job_usage',
    job_id: jobId,
    attempts: attempts.length,
    device_seconds: secondsOf(attempts),
    lost_seconds: secondsOf(attempts.filter((one) => LOST.includes(one.outcome) || isDropped(one))),
    wall_seconds: wallSeconds,
    message_bytes: Number(messageBytes),
    artifact_bytes: Number(artifactBytes),
  };
}
