import type { components } from '../../../contract/generated/openapi.js';
import type { UsageFigures } from '../../store/usage.js';

type Schemas = components['schemas'];
type Attempt = Pick<Schemas['Attempt'], 'outcome' | 'started_at' | 'ended_at' | 'devices'>;

/** Attempts whose work counted for nothing, apart from what a checkpoint kept. */
const LOST: readonly Schemas['Attempt']['outcome'][] = ['failed', 'lost'];

/** Attempts of earlier versions may not name their device. */
const slotsOf = (devices: readonly string[]): number => Math.max(1, devices.length);

/** Seconds and bytes that a job has used. A running attempt counts until now, by the clock of the database. */
export function toUsage(
  jobId: string,
  attempts: readonly Attempt[],
  { now, wallSeconds, messageBytes, artifactBytes }: UsageFigures,
): Schemas['JobUsage'] {
  const secondsOf = (counted: readonly Attempt[]) =>
    counted.reduce((sum, { started_at, ended_at, devices }) => {
      const endMs = ended_at === null ? now.getTime() : Date.parse(ended_at);
      return sum + (slotsOf(devices) * Math.max(0, endMs - Date.parse(started_at))) / 1000;
    }, 0);
  return {
    object: 'job_usage',
    job_id: jobId,
    attempts: attempts.length,
    device_seconds: secondsOf(attempts),
    lost_seconds: secondsOf(attempts.filter(({ outcome }) => LOST.includes(outcome))),
    wall_seconds: wallSeconds,
    message_bytes: Number(messageBytes),
    artifact_bytes: Number(artifactBytes),
  };
}
