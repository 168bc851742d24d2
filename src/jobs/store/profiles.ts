import type { NetworkProfile } from '../../contract/network-profile.js';
import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import type { DeviceKind } from '../../planning/forecast/device-kind.js';
import type { KnownProfile } from '../../planning/forecast/forecast.js';
import { PROFILE_KEPT_DAYS, PROFILE_WAIT_HOURS } from '../process/limits.js';
import { COLUMNS, type ProfileError } from './columns.js';
import { int, type RowOf, text } from './connection/column.js';
import { type Database, type Queryable, type Transaction, toJson } from './connection/database.js';
import { wholeNumber } from './connection/literal.js';
import { notify } from './connection/notify.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';
import { endLease, type Fence, giveBack, TAKEABLE, taken } from './leases.js';
import type { Profile } from './rows.js';

/** Subject of a profile. */
export interface ProfileSubject {
  readonly tenant: string;
  /** networkKey */
  readonly network: string;
  readonly deviceKind: DeviceKind;
}

export interface NewProfile extends ProfileSubject {
  readonly id: string;
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFacts;
}

/** One claim of one profile. */
const CLAIMED_PROFILE = {
  id: text,
  attempt: int,
  spec: COLUMNS.profile.spec,
  dataset: COLUMNS.profile.dataset,
  /** Number of attempts that were lost with their worker. */
  losses: int,
};
export type ClaimedProfile = RowOf<typeof CLAIMED_PROFILE>;
const claimed = statement('claim-profile', CLAIMED_PROFILE);

export type { ProfileError } from './columns.js';

/** Finished so long ago that a network is measured again; by the database's clock. */
const OLD = Prisma.sql`finished_at < now() - ${wholeNumber(PROFILE_KEPT_DAYS)} * interval '1 day'`;

/**
 * Returns the existing or running profile of a subject, or inserts this one. Deletes one that has failed or is too
 * old.
 */
export async function ensureProfile(tx: Transaction, profile: NewProfile): Promise<Profile> {
  const { tenant, network, deviceKind } = profile;
  const subject = { tenant, network, deviceKind };
  await tx.$executeRaw`
    DELETE FROM profile WHERE tenant = ${tenant} AND network = ${network} AND device_kind = ${deviceKind}
      AND (state = 'failed' OR ${OLD})`;
  const data = { ...profile, spec: toJson(profile.spec), dataset: toJson(profile.dataset) };
  const { count } = await tx.profile.createMany({ data, skipDuplicates: true });
  if (count > 0) notify(tx, 'strata_profile');
  return tx.profile.findUniqueOrThrow({ where: { tenant_network_deviceKind: subject } });
}

export function countProfiles(db: Queryable, tenant: string): Promise<number> {
  return db.profile.count({ where: { tenant } });
}

export function findProfile(db: Queryable, tenant: string, id: string): Promise<Profile | null> {
  return db.profile.findUnique({ where: { id, tenant } });
}

/** The latest measured profile of a network, on any device. */
export async function findMeasured(
  db: Queryable,
  tenant: string,
  network: string,
): Promise<KnownProfile | null> {
  const row = await db.profile.findFirst({
    where: { tenant, network, state: 'succeeded' },
    orderBy: { finishedAt: 'desc' },
  });
  if (row === null) return null;
  const { id, device, finishedAt, result } = row;
  if (device === null || finishedAt === null || result === null) {
    throw new Error(`the profile ${id} has succeeded, but has no device, end or result`);
  }
  return { on: { id, device, measured_at: finishedAt.toISOString() }, measured: result };
}

/**
 * Deletes a profile in any state. A worker that measures it notices at the next heartbeat. @returns false if the
 * tenant has none
 */
export async function deleteProfile(db: Queryable, tenant: string, id: string): Promise<boolean> {
  return (await db.profile.deleteMany({ where: { id, tenant } })).count > 0;
}

/** Profiles that a device may claim: waiting ones, and those of lost workers. */
export const PROFILE_TAKEABLE = Prisma.sql`profile.state IN ('queued', 'running') AND ${TAKEABLE}`;

/** Takes a profile under a new fence; null where somebody else was quicker. */
export function claimProfile(
  db: Database,
  id: string,
  device: string,
  leaseMs: number,
): Promise<ClaimedProfile | null> {
  return claimed.first(
    db,
    Prisma.sql`
    UPDATE profile SET ${taken(leaseMs)}, state = 'running', device = ${device}, started_at = now()
    WHERE id = ${id} AND ${PROFILE_TAKEABLE}
    RETURNING id, attempt, spec, dataset, losses`,
  );
}

/** @returns false for a stale attempt, which changes nothing; so do the others */
export function recordProfile(db: Queryable, fence: Fence, result: NetworkProfile): Promise<boolean> {
  const changes = Prisma.sql`state = 'succeeded', result = ${JSON.stringify(result)}::jsonb, finished_at = now()`;
  return endLease(db, 'profile', fence, changes);
}

export function failProfile(db: Queryable, fence: Fence, error: ProfileError): Promise<boolean> {
  const changes = Prisma.sql`state = 'failed', error = ${JSON.stringify(error)}::jsonb, finished_at = now()`;
  return endLease(db, 'profile', fence, changes);
}

/** Gives a claim back, as a stopping worker does: whoever is free takes it. */
export function releaseProfile(db: Queryable, fence: Fence): Promise<boolean> {
  return giveBack(db, 'profile', fence, 0, Prisma.sql`state = 'queued', device = NULL`);
}

/** A profile that no device has taken for long fails: there is none of its kind. Old ones go. */
export async function tidyProfiles(db: Queryable): Promise<void> {
  await db.$executeRaw`
    UPDATE profile SET state = 'failed', finished_at = now(), error = jsonb_build_object('code', 'no_device', 'message',
      'no worker with a ' || upper(device_kind) || ' took it within ' || ${PROFILE_WAIT_HOURS}::text || ' hours')
    WHERE state = 'queued' AND created_at < now() - ${wholeNumber(PROFILE_WAIT_HOURS)} * interval '1 hour'`;
  await db.$executeRaw`DELETE FROM profile WHERE ${OLD}`;
}
