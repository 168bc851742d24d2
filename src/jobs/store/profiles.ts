import type { NetworkProfile } from '../../contract/network-profile.js';
import type { DatasetFacts, ResolvedSpec } from '../../contract/spec.js';
import type { DeviceKind } from '../../planning/forecast/device-kind.js';
import { MAX_PROFILE_ATTEMPTS, PROFILE_KEPT_DAYS, PROFILE_LEASE_MS } from '../process/limits.js';
import { type Database, type Queryable, type Transaction, toJson } from './connection/database.js';
import { notify } from './connection/notify.js';
import { Prisma, type Profile } from './generated/client.js';

/** Of what a profile is. */
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

/** One claim of one profile, as `Fence` is of a task. */
export interface ClaimedProfile {
  readonly id: string;
  readonly attempt: number;
  readonly spec: ResolvedSpec;
  readonly dataset: DatasetFacts;
}

export interface ProfileError {
  readonly code: string;
  readonly message: string;
}

const oldest = (): Date => new Date(Date.now() - PROFILE_KEPT_DAYS * 86_400_000);

/** The profile of a subject that is made, or being made, or this one, new; one that failed or is old goes. */
export async function ensureProfile(tx: Transaction, profile: NewProfile): Promise<Profile> {
  const { tenant, network, deviceKind } = profile;
  const subject = { tenant, network, deviceKind };
  await tx.profile.deleteMany({
    where: { ...subject, OR: [{ state: 'failed' }, { finishedAt: { lt: oldest() } }] },
  });
  const data = { ...profile, spec: toJson(profile.spec), dataset: toJson(profile.dataset) };
  const { count } = await tx.profile.createMany({ data, skipDuplicates: true });
  if (count > 0) await notify(tx, 'strata_profile');
  return tx.profile.findUniqueOrThrow({ where: { tenant_network_deviceKind: subject } });
}

export function countProfiles(db: Queryable, tenant: string): Promise<number> {
  return db.profile.count({ where: { tenant } });
}

export function findProfile(db: Queryable, tenant: string, id: string): Promise<Profile | null> {
  return db.profile.findUnique({ where: { id, tenant } });
}

/** The latest that was measured of a network, on whatever device. */
export function findMeasured(db: Queryable, tenant: string, network: string): Promise<Profile | null> {
  return db.profile.findFirst({
    where: { tenant, network, state: 'succeeded' },
    orderBy: { finishedAt: 'desc' },
  });
}

/** What a device of a kind may claim: what waits, and what a lost worker left. */
const claimable = (kind: DeviceKind) => Prisma.sql`device_kind = ${kind} AND attempt < ${MAX_PROFILE_ATTEMPTS}
  AND (state = 'queued' OR state = 'running' AND lease_until < now())`;

/** Takes the profile that has waited longest under a new fence; null where there is none for this device. */
export async function claimProfile(
  db: Database,
  device: string,
  kind: DeviceKind,
): Promise<ClaimedProfile | null> {
  const rows = await db.$queryRaw<ClaimedProfile[]>`
    UPDATE profile SET state = 'running', attempt = attempt + 1, device = ${device},
      lease_until = now() + ${PROFILE_LEASE_MS} * interval '1 millisecond'
    WHERE id = (SELECT id FROM profile WHERE ${claimable(kind)} ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, attempt, spec, dataset`;
  return rows[0] ?? null;
}

export async function isProfileWanted(db: Queryable, kind: DeviceKind): Promise<boolean> {
  const rows = await db.$queryRaw<object[]>`SELECT id FROM profile WHERE ${claimable(kind)} LIMIT 1`;
  return rows.length > 0;
}

type Fence = Pick<ClaimedProfile, 'id' | 'attempt'>;
const claimed = ({ id, attempt }: Fence) => ({ id, attempt, state: 'running' });

/** Writes nothing for a stale attempt, as do the others. */
export async function renewProfile(db: Queryable, fence: Fence): Promise<void> {
  await db.$executeRaw`
    UPDATE profile SET lease_until = now() + ${PROFILE_LEASE_MS} * interval '1 millisecond'
    WHERE id = ${fence.id} AND attempt = ${fence.attempt} AND state = 'running'`;
}

export async function recordProfile(db: Queryable, fence: Fence, result: NetworkProfile): Promise<void> {
  const data = { state: 'succeeded', result: toJson(result), finishedAt: new Date(), leaseUntil: null };
  await db.profile.updateMany({ where: claimed(fence), data });
}

export async function failProfile(db: Queryable, fence: Fence, error: ProfileError): Promise<void> {
  const data = { state: 'failed', error: toJson(error), finishedAt: new Date(), leaseUntil: null };
  await db.profile.updateMany({ where: claimed(fence), data });
}

/** Gives a claim back. */
export async function releaseProfile(db: Queryable, fence: Fence): Promise<void> {
  const data = { state: 'queued', device: null, leaseUntil: null };
  await db.profile.updateMany({ where: claimed(fence), data });
}

/** Those that were taken too often and never ended fail; old ones go. */
export async function tidyProfiles(db: Queryable): Promise<void> {
  const error = {
    code: 'worker_lost',
    message: `${MAX_PROFILE_ATTEMPTS} workers ended while they measured it`,
  };
  await db.$executeRaw`
    UPDATE profile SET state = 'failed', error = ${JSON.stringify(error)}::jsonb, finished_at = now(), lease_until = NULL
    WHERE attempt >= ${MAX_PROFILE_ATTEMPTS} AND (state = 'queued' OR state = 'running' AND lease_until < now())`;
  await db.profile.deleteMany({ where: { finishedAt: { lt: oldest() } } });
}
