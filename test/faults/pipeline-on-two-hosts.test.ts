import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { layWire, type Wire, whyNoWire } from '../../bench/wire/wire.js';
import { smallJob } from '../jobs/support/specs.js';
import { repeatedTasks } from '../support/effects.js';
import { eventually } from '../support/eventually.js';
import type { ServiceProcess } from '../support/process.js';
import { Strata } from '../support/strata.js';

// docs/adr/0027, with the whole service and real trainers: the dispatcher and a worker here, another worker in a network
// namespace with a round trip of 20 ms. Both have the folder of the blobs, as hosts with a shared file system.

const FAR = 'strata-pipeline-far';
const ROUND_TRIP_MS = 20;
const STREAM_PORT = 7_800;
const HELD_ROUND = 'stage-1';

/** Minutes for each number of stages on a machine that does other work, too. */
const skip =
  process.env.FAULTS === 'all' ? await whyNoWire() : '`npm run test:faults` runs real trainers on two hosts';

interface Hosts {
  readonly strata: Strata;
  readonly wire: Wire;
  /** Slots of each worker. */
  readonly slots: number;
}

const pipeline = (stages: number) =>
  smallJob({
    seed: 7,
    max_train_samples: 800,
    batch_size: 16,
    epochs: 2,
    exports: [],
    model: { depth: 14, width: 2 },
    method: { type: 'pipeline', stages, round_steps: 50 },
  });

async function startWorkers({
  strata,
  wire,
  slots,
}: Hosts): Promise<readonly [near: ServiceProcess, far: ServiceProcess]> {
  const own = (address: string) => ({
    STRATA_SLOTS: String(slots),
    STRATA_CHECKPOINT_S: '1',
    STRATA_STREAM_ADDRESS: `${address}:${STREAM_PORT}`,
  });
  const { databaseUrl, redisUrl } = strata.servers;
  const far = {
    ...own(wire.addressOf(FAR)),
    DATABASE_URL: await wire.reachable(databaseUrl),
    REDIS_URL: await wire.reachable(redisUrl),
  };
  return Promise.all([strata.startWorker(own(wire.here)), strata.startWorker(far, wire.onHost(FAR))]);
}

/** A gang of two workers needs slots that are known to be free, of trainers that have said their runtime. */
const allIdle = ({ strata }: Hosts, workers: number) =>
  eventually('all slots are idle', async () => {
    const { rows } = await strata.sql.query(
      `SELECT FROM worker
       WHERE NOT jsonb_path_exists(slots, '$[*] ? (@.state != "idle" || !exists(@.runtime))')`,
    );
    return rows.length === workers;
  });

async function start({ strata }: Hosts, stages: number): Promise<string> {
  return (await strata.client.jobs.createJob(pipeline(stages), {})).job.id;
}

async function weightsOf({ strata }: Hosts, id: string): Promise<string> {
  const job = await strata.ended(id);
  assert.equal(job.state, 'succeeded', JSON.stringify(job.error));
  const { rows } = await strata.sql.query<{ sha256: string }>(
    `SELECT sha256 FROM artifact WHERE job_id = $1 AND name = 'weights.safetensors'`,
    [id],
  );
  return rows[0]!.sha256;
}

/** Kills the first trainer of a worker when a round that both workers share has done some steps. */
async function killInMidRound({ strata }: Hosts, id: string, { pid }: ServiceProcess): Promise<void> {
  await eventually('the round has done some steps', async () => {
    const { rows } = await strata.sql.query(
      `SELECT FROM task WHERE job_id = $1 AND key = $2 AND state = 'running' AND progress > 0.1`,
      [id, HELD_ROUND],
    );
    return rows.length > 0;
  });
  const [trainer] = await trainersOf(pid);
  assert.ok(trainer, 'the worker has a trainer');
  process.kill(trainer, 'SIGKILL');
}

async function trainersOf(worker: number): Promise<number[]> {
  const threads = await readdir(`/proc/${worker}/task`);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${worker}/task/${thread}/children`, 'utf8')),
  );
  const pids = lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8')));
  return pids.filter((_, index) => commands[index]?.includes('trainer/main'));
}

for (const stages of [2, 4]) {
  test(`K=${stages}: workers on two hosts, ${ROUND_TRIP_MS} ms apart, end with the weights of one after kill -9 of a trainer of each`, {
    skip: skip ?? false,
  }, async () => {
    const slots = stages / 2;
    const wire = await layWire([FAR]);
    const strata = await Strata.start({ slots });
    const hosts = { strata, wire, slots };
    try {
      await wire.roundTrip(ROUND_TRIP_MS);
      await strata.startDispatcher();
      const alone = await strata.startWorker();
      const expected = await weightsOf(hosts, await start(hosts, stages));
      await alone.stop();
      const workers = await startWorkers(hosts);
      for (const killed of workers) {
        await allIdle(hosts, workers.length);
        const id = await start(hosts, stages);
        const shared = await strata.event(id, 'task.shared', ({ data }) => data.task === HELD_ROUND);
        assert.equal((shared.data.devices as string[]).length, stages);
        assert.equal((shared.data.guests as string[]).length, slots);
        await killInMidRound(hosts, id, killed);
        assert.equal(await weightsOf(hosts, id), expected);
        assert.deepEqual(await repeatedTasks(strata, id), [HELD_ROUND]);
      }
    } finally {
      await strata.stop();
      await wire.close();
    }
  });
}
