import { randomInt } from 'node:crypto';
import type { PlansClient } from '../../../contract/client/plans.js';
import type { CheckJob, Sweep, SweepsClient } from '../../../contract/client/sweeps.js';
import { StrataError } from '../../../contract/errors.js';
import { escapedToken, spacePointer } from '../../../planning/sweeps/space.js';
import type { SweepSpec } from '../../../planning/sweeps/types.js';
import { requireBytesLeft } from '../../lifecycle/quota.js';
import { MAX_OPEN_SWEEPS_PER_TENANT } from '../../process/limits.js';
import type { Transaction } from '../../store/connection/database.js';
import { notify } from '../../store/connection/notify.js';
import { newId } from '../../store/ids.js';
import { underLimit } from '../../store/limits.js';
import type { SweepRow } from '../../store/rows.js';
import { deleteWaitingRuns, findRuns, insertRuns, type NewRun } from '../../store/sweep-trials.js';
import {
  changeSweep,
  countOpenSweeps,
  findSweep,
  insertSweep,
  listSweeps,
  lockSweep,
  setSweepPaused,
} from '../../store/sweeps.js';
import { placeAfter } from '../cursor.js';
import type { CreateParts } from '../jobs/create-job.js';
import { notFound } from '../require-job.js';
import { listOf, pageOf } from '../views/parts.js';
import { toSweep, toTrials } from '../views/sweeps.js';
import { checkSweep, requireFewJobs } from './check.js';
import { costOf, predictedCost } from './cost.js';
import { type Drawn, drawPoints, wantedTrials } from './draw.js';
import { type Preparation, type PreparedPoint, preparePoint, underField } from './prepare.js';

type SweepParts = Pick<CreateParts, 'db' | 'blobs' | 'reads' | 'quota' | 'nudge'>;

const SEEDS = 2 ** 32;
const DRY_RUN_ID = 'dry_run';

export function sweepMethods(
  parts: SweepParts,
  tenant: string,
  plans: Pick<PlansClient, 'createPlan'>,
): SweepsClient {
  const { db } = parts;
  const getSweep = async (id: string): Promise<Sweep | null> => {
    const row = await findSweep(db, tenant, id);
    return row && (await viewOf(parts, [row]))(row);
  };
  const requireSweep = async (id: string) => (await getSweep(id)) ?? notFound(id);
  /** Changes a sweep whose search goes on, under its lock. */
  const change = async (id: string, doIt: (tx: Transaction, row: SweepRow) => Promise<void>) => {
    await db.$transaction(async (tx) => doIt(tx, await lockOpen(tx, tenant, id)));
    parts.nudge();
    return requireSweep(id);
  };
  return {
    getSweep,
    createSweep: (asked, options) => createSweep(parts, tenant, asked, { ...options, plans }),
    async listSweeps({ after, limit }) {
      const rows = await listSweeps(db, tenant, placeAfter(after, 'sweep'), limit + 1);
      const page = pageOf(rows, limit, (row) => row.id);
      return { ...page, data: page.data.map(await viewOf(parts, page.data)) };
    },
    async listSweepTrials(id) {
      if (!(await findSweep(db, tenant, id))) notFound(id);
      return listOf(toTrials(await findRuns(db, [id])));
    },
    async updateSweep(id, { limits, ...changes }, { checkJob }) {
      if (limits === undefined) {
        await db.$transaction(async (tx) => {
          const row = await lockRequired(tx, tenant, id);
          await changeSweep(tx, row.id, changes);
        });
        return requireSweep(id);
      }
      return change(id, async (tx, row) => {
        const spec = { ...row.spec, limits: { ...row.spec.limits, ...limits } };
        await changeSweep(tx, id, { ...changes, spec });
        if (limits.trials !== undefined)
          await changeTrials(tx, { parts, tenant, checkJob }, { ...row, spec });
      });
    },
    async createTrial(id, { parameters }, { checkJob }) {
      const known = (await findSweep(db, tenant, id)) ?? notFound(id);
      const preparation = preparationOf(parts, tenant, known.spec, checkJob);
      const point = await preparePoint(preparation, parameters).catch((error: unknown) => {
        throw error instanceof StrataError ? underParameters(error) : error;
      });
      let number = 0;
      await change(id, async (tx, row) => {
        const runs = await findRuns(tx, [id]);
        number = nextNumber(runs);
        requireRoom(row.spec, toTrials(runs).length);
        await insertRuns(tx, rowsOf(id, [point], number));
      });
      const trials = toTrials(await findRuns(db, [id]));
      return trials.find((trial) => trial.number === number) ?? notFound(`trial ${number} of ${id}`);
    },
    pauseSweep: (id) => change(id, (tx) => setSweepPaused(tx, id, true)),
    resumeSweep: (id) => change(id, (tx) => setSweepPaused(tx, id, false)),
    cancelSweep: (id) => change(id, (tx) => changeSweep(tx, id, { ended: 'cancelled' })),
  };
}

interface CreateOptions {
  readonly checkJob: CheckJob;
  readonly dryRun: boolean;
  readonly plans: Pick<PlansClient, 'createPlan'>;
}

async function createSweep(
  parts: SweepParts,
  tenant: string,
  asked: SweepSpec,
  { checkJob, dryRun, plans }: CreateOptions,
): Promise<Sweep> {
  checkSweep(asked, checkJob);
  const search = { ...asked.search, seed: asked.search.seed ?? randomInt(SEEDS) };
  const wanted = wantedTrials(asked);
  const spec = { ...asked, search, limits: { ...asked.limits, trials: wanted } };
  const drawn = await drawFirst(preparationOf(parts, tenant, spec, checkJob), wanted);
  const { name, metadata } = spec;
  const figures = { refused: drawn.refused, refusal: reasonOf(drawn), drawn: drawn.next };
  if (dryRun) {
    const jobs = drawn.points.flatMap((point) => point.jobs);
    const workers = await parts.reads.workers();
    const slots = workers.reduce((sum, worker) => sum + worker.slots.length, 0);
    const cost = await predictedCost(plans, jobs, slots);
    const row = { id: DRY_RUN_ID, name, metadata, spec, ...figures, ...NEW_ROW, createdAt: new Date() };
    return toSweep(row, rowsOf(DRY_RUN_ID, drawn.points, 0).map(shownOf), cost);
  }
  await requireBytesLeft(parts.db, parts.quota, tenant);
  const row = await underLimit(parts.db, 'sweep', tenant, async (tx) => {
    await requireFewOpen(tx, tenant);
    const sweep = await insertSweep(tx, { id: newId('sweep'), tenant, name, metadata, spec, ...figures });
    await insertRuns(tx, rowsOf(sweep.id, drawn.points, 0));
    notify(tx, 'strata_dispatch');
    return sweep;
  });
  return (await viewOf(parts, [row]))(row);
}

const NEW_ROW = { pausedAt: null, ended: null, refitJobId: null, finishedAt: null };

async function requireFewOpen(tx: Transaction, tenant: string): Promise<void> {
  if ((await countOpenSweeps(tx, tenant)) < MAX_OPEN_SWEEPS_PER_TENANT) return;
  const detail = `The limit is ${MAX_OPEN_SWEEPS_PER_TENANT} unfinished sweeps. Wait for one, or cancel one.`;
  throw new StrataError('limit_reached', detail);
}

/** @throws StrataError with the reason of the first refusal if the rules refuse every point */
async function drawFirst(preparation: Preparation, wanted: number): Promise<Drawn> {
  const drawn = await drawPoints(preparation, { wanted, from: 0, known: [] }).catch((error: unknown) => {
    throw error instanceof StrataError ? underJob(error, preparation.spec) : error;
  });
  if (drawn.points.length > 0 || drawn.refusal === null) {
    // Without points, only the job itself can be checked.
    if (preparation.spec.search.type === 'none') await checkAlone(preparation);
    return drawn;
  }
  throw underJob(drawn.refusal, preparation.spec);
}

async function checkAlone(preparation: Preparation): Promise<void> {
  await preparePoint(preparation, {}).catch((error: unknown) => {
    throw error instanceof StrataError ? underJob(error, preparation.spec) : error;
  });
}

/** A searched field is wrong because of its space; every other field because of the job. */
function underJob(error: StrataError, { space }: SweepSpec): StrataError {
  return underField(error, ({ pointer }) => {
    if (pointer.startsWith('/stopping/')) return pointer;
    return pointer in space ? spacePointer(pointer) : `/job${pointer}`;
  });
}

function underParameters(error: StrataError): StrataError {
  return underField(error, ({ pointer }) => `/parameters/${escapedToken(pointer)}`);
}

const reasonOf = ({ refusal }: Drawn): string | null => refusal?.detail ?? null;

function preparationOf(parts: SweepParts, tenant: string, spec: SweepSpec, checkJob: CheckJob): Preparation {
  // Every point asks for the same dataset.
  const datasets = new Map<string, ReturnType<typeof parts.reads.dataset>>();
  const dataset: typeof parts.reads.dataset = (owner, name) => {
    const asked = datasets.get(name) ?? parts.reads.dataset(owner, name);
    datasets.set(name, asked);
    return asked;
  };
  let workers: ReturnType<typeof parts.reads.workers> | null = null;
  const reads = { ...parts.reads, dataset, workers: () => (workers ??= parts.reads.workers()) };
  const { db, blobs } = parts;
  return {
    parts: { db, blobs, reads, beginImport: null },
    tenant,
    spec,
    seed: spec.search.seed ?? 0,
    checkJob,
  };
}

function rowsOf(sweepId: string, points: readonly PreparedPoint[], first: number): NewRun[] {
  return points.flatMap(({ parameters, jobs, refit, rungs }, index) =>
    jobs.map((job, repeat) => {
      return {
        sweepId,
        number: first + index,
        repeat,
        parameters,
        job,
        rungs,
        refit: repeat === 0 ? refit : null,
      };
    }),
  );
}

/** A run that is not stored. */
function shownOf({ number, repeat, parameters, job, rungs }: NewRun) {
  const { seed } = job.spec;
  const steps = job.plan.total_steps;
  return {
    number,
    repeat,
    parameters,
    seed,
    steps,
    state: 'waiting',
    jobId: null,
    value: null,
    seconds: 0,
    rungs,
    rung: 0,
    reached: [],
  } as const;
}

interface ChangeParts {
  readonly parts: SweepParts;
  readonly tenant: string;
  readonly checkJob: CheckJob;
}

/** Draws the trials that are missing, or leaves out those that are too many and have not started. */
async function changeTrials(
  tx: Transaction,
  { parts, tenant, checkJob }: ChangeParts,
  { id, spec, drawn: from, refused }: SweepRow,
): Promise<void> {
  const wanted = wantedTrials(spec);
  requireFewJobs(spec, wanted);
  const runs = await findRuns(tx, [id]);
  const trials = toTrials(runs);
  await deleteWaitingRuns(tx, id, wanted);
  if (trials.length >= wanted || spec.search.type === 'none') return;
  const preparation = preparationOf(parts, tenant, spec, checkJob);
  const known = trials.map(({ parameters }) => parameters);
  const drawn = await drawPoints(preparation, { wanted: wanted - trials.length, from, known });
  await insertRuns(tx, rowsOf(id, drawn.points, nextNumber(runs)));
  await changeSweep(tx, id, { drawn: drawn.next, refused: refused + drawn.refused });
}

const nextNumber = (runs: readonly { readonly number: number }[]): number =>
  runs.reduce((next, { number }) => Math.max(next, number + 1), 0);

/** @throws StrataError sweep_full */
function requireRoom({ limits }: SweepSpec, trials: number): void {
  if (trials >= (limits.trials ?? 0)) throw new StrataError('sweep_full', `The sweep has ${trials} trials.`);
}

/** @throws StrataError not_found, sweep_finished */
async function lockOpen(tx: Transaction, tenant: string, id: string): Promise<SweepRow> {
  const row = await lockRequired(tx, tenant, id);
  if (row.ended !== null) throw new StrataError('sweep_finished', `The search has ended: ${row.ended}.`);
  return row;
}

async function lockRequired(tx: Transaction, tenant: string, id: string): Promise<SweepRow> {
  // Checked before locking: nobody may block a sweep of another tenant.
  if ((await findSweep(tx, tenant, id)) === null) notFound(id);
  return (await lockSweep(tx, id)) ?? notFound(id);
}

/** Reads the runs that the views of these sweeps need. */
async function viewOf({ db }: SweepParts, rows: readonly SweepRow[]): Promise<(row: SweepRow) => Sweep> {
  const runs = await findRuns(
    db,
    rows.map(({ id }) => id),
  );
  return (row) => {
    const own = runs.filter(({ sweepId }) => sweepId === row.id);
    return toSweep(row, own, costOf(own));
  };
}
