import type { JobsClient } from '../../../contract/client/jobs.js';
import { type FieldError, StrataError } from '../../../contract/errors.js';
import type { components } from '../../../contract/generated/openapi.js';
import { forPurpose, type OutgoingPolicy } from '../../outgoing/target.js';
import { MAX_TRACKERS_PER_JOB } from '../../process/limits.js';
import type { Database } from '../../store/connection/database.js';
import { findJob } from '../../store/jobs.js';
import {
  countTrackerExports,
  findTrackerExports,
  newTrackerExportId,
  putTrackerExport,
  type SealedTracker,
} from '../../store/tracker-exports.js';
import { checkAddresses, type OutgoingParts } from '../outgoing.js';
import { lockRequiredJob, notFound } from '../require-job.js';
import { listOf } from '../views/parts.js';
import { toTrackerExport } from '../views/trackers.js';

type Tracker = components['schemas']['Tracker'];
type TrackerMethods = Pick<JobsClient, 'listJobTrackers' | 'handOverJob'>;

export function trackerMethods(db: Database, tenant: string, parts: OutgoingParts): TrackerMethods {
  return {
    async listJobTrackers(jobId) {
      const job = (await findJob(db, tenant, jobId)) ?? notFound(jobId);
      const rows = await findTrackerExports(db, jobId);
      return listOf(rows.map((row) => toTrackerExport(row, job.finishedAt !== null)));
    },
    async handOverJob(jobId, tracker) {
      checkAddresses({ '/tracking_uri': tracker.tracking_uri }, forPurpose(parts.policy, 'tracker'));
      const sealed = sealTracker(tracker, await boxFor([tracker], parts));
      const row = await db.$transaction(async (tx) => {
        await lockRequiredJob(tx, tenant, jobId);
        const stored = await putTrackerExport(tx, tenant, jobId, sealed);
        if ((await countTrackerExports(tx, jobId)) <= MAX_TRACKERS_PER_JOB) return stored;
        throw new StrataError('limit_reached', `A job can have at most ${MAX_TRACKERS_PER_JOB} trackers.`);
      });
      const job = (await findJob(db, tenant, jobId)) ?? notFound(jobId);
      return toTrackerExport(row, job.finishedAt !== null);
    },
  };
}

export async function sealTrackers(
  trackers: readonly Tracker[],
  parts: Pick<OutgoingParts, 'openBox'>,
): Promise<SealedTracker[]> {
  const box = await boxFor(trackers, parts);
  return trackers.map((tracker) => sealTracker(tracker, box));
}

type Box = Awaited<ReturnType<OutgoingParts['openBox']>>;

/** The key is read only where a tracker has something to encrypt. */
async function boxFor(
  trackers: readonly Tracker[],
  { openBox }: Pick<OutgoingParts, 'openBox'>,
): Promise<Box | null> {
  return trackers.some(({ authorization }) => authorization) ? openBox() : null;
}

function sealTracker(
  { type, tracking_uri: trackingUri, experiment, authorization }: Tracker,
  box: Box | null,
): SealedTracker {
  const id = newTrackerExportId();
  const sealed = authorization && box ? box.seal(authorization, id) : null;
  return { id, type, trackingUri, experiment, authorization: sealed };
}

/** @throws StrataError forbidden_target; invalid_spec if the same tracker is listed twice */
export function checkTrackers(trackers: readonly Tracker[], policy: OutgoingPolicy): void {
  const addresses = trackers.map(({ tracking_uri }, index) => [
    `/trackers/${index}/tracking_uri`,
    tracking_uri,
  ]);
  checkAddresses(Object.fromEntries(addresses), forPurpose(policy, 'tracker'));
  const places = trackers.map(
    ({ type, tracking_uri, experiment }) => `${type} ${tracking_uri} ${experiment}`,
  );
  const errors = places.flatMap((place, index): FieldError[] =>
    places.indexOf(place) === index
      ? []
      : [{ pointer: `/trackers/${index}`, message: 'is a duplicate; a job has one run in each experiment' }],
  );
  if (errors.length > 0) throw new StrataError('invalid_spec', undefined, { errors });
}

/** Trackers as returned with a job: without their authorization. */
export function withoutSecrets(trackers: readonly Tracker[]): Tracker[] {
  return trackers.map(({ authorization: _, ...shown }) => shown);
}
