import { setTimeout } from 'node:timers/promises';
import { DEFAULT_TENANT } from '../../../contract/access.js';
import { ERRORS, StrataError } from '../../../contract/errors.js';
import type { components } from '../../../contract/generated/openapi.js';
import { type OutageCode, outageOf } from '../../../contract/outages.js';
import type { BlobStore } from '../../../storage/blob-store.js';
import { diskSpace, reserveOf } from '../../../storage/disk.js';
import { clockProblem, readClocks } from '../../lifecycle/clocks.js';
import type { RedisProbe } from '../../queue/redis.js';
import type { Database } from '../../store/connection/database.js';
import { waitingForHosts } from '../../store/jobs.js';
import { findTasksAtWork } from '../../store/tasks.js';
import { findWorkers, type LiveWorker, requestDrain } from '../../store/workers.js';
import { notFound } from '../require-job.js';
import { listOf, taskIdsOf, toWorker } from '../views/parts.js';

type Schemas = components['schemas'];
type Disk = Schemas['Disk'];

const PROBE_MS = 2_000;

export interface ReadinessParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly redis: RedisProbe;
  /** Folders whose disks the service fills, by the name that answers give them. */
  readonly disks: Readonly<Partial<Record<Disk['name'], string>>>;
  readonly reserveBytes: number | undefined;
}

/** Never throws: a part that does not respond is `down`. */
export async function readReadiness(parts: ReadinessParts): Promise<Omit<Schemas['Health'], 'status'>> {
  const [workers, redisProblem, disks, waiting, blobProblem] = await Promise.all([
    findWorkers(parts.db).catch(() => null),
    parts.redis.problem(PROBE_MS),
    readDisks(parts),
    waitingForHosts(parts.db).catch(() => null),
    storeProblem(parts),
  ]);
  const problems = [
    workers ? null : 'Postgres does not respond.',
    redisProblem,
    workers?.length === 0 ? 'No worker is connected.' : null,
    ...disks.map(problemOf),
    quarantineOf(workers ?? []),
    waiting?.message ? `Tasks that wait for their host: ${waiting.tasks}. ${waiting.message}` : null,
    blobProblem,
  ].filter((problem) => problem !== null);
  return {
    dependencies: {
      postgres: workers ? 'up' : 'down',
      redis: redisProblem === null ? 'up' : 'down',
      workers: workers?.length ?? 0,
    },
    disks,
    problems,
  };
}

/** The problem of slots whose device or host is suspected; null without any. */
function quarantineOf(workers: readonly LiveWorker[]): string | null {
  const count = workers.flatMap(({ slots }) => slots).filter(({ state }) => state === 'quarantined').length;
  return count === 0
    ? null
    : `Slots in quarantine: ${count}. Their trainers ended without a report in several jobs in a row; \`GET /workers\` names them, and the logs of their workers say more.`;
}

/** The problem of the blob store: it cannot be used, or its clock is off. Null also where Postgres does not respond. */
async function storeProblem({ db, blobs }: ReadinessParts): Promise<string | null> {
  const gaveUp = new AbortController();
  const silence = setTimeout(PROBE_MS, 'storage_unreachable' as const, { signal: gaveUp.signal });
  const asked = readClocks(db, blobs).then(clockProblem, (error) => {
    const code = outageOf(error);
    return code && problemOfStore(code);
  });
  try {
    return await Promise.race([asked, silence.then(problemOfStore)]);
  } finally {
    gaveUp.abort();
    silence.catch(() => undefined);
  }
}

/** In words of the catalogue: anybody may ask, so they name no address. */
function problemOfStore(code: OutageCode): string {
  const { title, remedy } = ERRORS[code];
  return `${title}. ${remedy}`;
}

const DISKS: readonly Disk['name'][] = ['home', 'blobs'];

export async function readDisks({
  disks,
  reserveBytes,
}: Pick<ReadinessParts, 'disks' | 'reserveBytes'>): Promise<Disk[]> {
  const found = DISKS.flatMap((name) => {
    const folder = disks[name];
    return folder === undefined ? [] : [{ name, folder }];
  });
  return Promise.all(
    found.map(async ({ name, folder }) => {
      const space = await diskSpace(folder).catch(() => null);
      const reserve = space && reserveOf(space, reserveBytes);
      return { name, free_bytes: space?.freeBytes ?? null, reserve_bytes: reserve };
    }),
  );
}

function problemOf({ name, free_bytes, reserve_bytes }: Disk): string | null {
  if (free_bytes === null || reserve_bytes === null) return `The disk of ${name} cannot be read.`;
  if (free_bytes >= reserve_bytes) return null;
  return `The disk of ${name} has ${free_bytes} bytes free, less than the ${reserve_bytes} that uploads leave; free some.`;
}

/** @throws StrataError operator_only, not_found */
export async function drainWorker(db: Database, tenant: string, id: string): Promise<Schemas['Worker']> {
  if (tenant !== DEFAULT_TENANT) throw new StrataError('operator_only');
  if (!(await requestDrain(db, id))) return notFound(id);
  const { data } = await listWorkers(db, tenant);
  return data.find((worker) => worker.id === id) ?? notFound(id);
}

/** All workers, each with the tasks of this tenant that it runs. */
export async function listWorkers(db: Database, tenant: string): Promise<Schemas['WorkerList']> {
  const rows = await findWorkers(db);
  const tasks = await findTasksAtWork(db, tenant, rows.flatMap(taskIdsOf));
  return listOf(rows.map((row) => toWorker(row, tasks)));
}
