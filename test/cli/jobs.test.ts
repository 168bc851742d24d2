import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { keyIdOf } from '../../cli/src/target.js';
import { DEFAULT_TENANT } from '../../src/contract/access.js';
import { openKeyOffice } from '../../src/jobs/client/keys/key-office.js';
import type { ServiceProcess } from '../support/process.js';
import { type Ended, runStrata, startCommand, startOnTerminal } from './command.js';
import { Road, useLiveCommand } from './live.js';

const SMALL = { dataset: 'mnist', max_train_samples: 256, batch_size: 32, epochs: 2 };
/** A server that does not exist: nothing listens at the port for discarded data. */
const NOWHERE = 'http://127.0.0.1:9876';
const ID = /^job_[0-9a-f]{24}$/;

describe('strata on jobs', () => {
  const live = useLiveCommand();
  const json = ({ code, stdout, stderr }: Ended): unknown => {
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  describe('jobs without a worker', () => {
    test('--json prints the answers of the API as they are', async () => {
      const { jobId } = live.api;
      const cases = [
        [['jobs'], '/jobs'],
        [['jobs', '--state', 'succeeded', '--limit', '1'], '/jobs?state=succeeded&limit=1'],
        [['jobs', '--metadata', 'team=nobody'], '/jobs?metadata[team]=nobody'],
        [['job', jobId], `/jobs/${jobId}`],
        [['metrics', jobId, '--name', 'loss', '--stage', '0'], `/jobs/${jobId}/metrics?name=loss&stage=0`],
        [['logs', jobId], `/jobs/${jobId}/logs`],
      ] as const;
      for (const [args, path] of cases)
        assert.deepEqual(json(await live.strata(...args, '--json')), await live.asked(path), path);
    });

    test('people get tables and fields, pipes get ids', async () => {
      const { jobId } = live.api;
      const list = await live.strata('jobs');
      assert.match(list.stdout, /^ID +NAME +STATE/);
      assert.match(list.stdout, new RegExp(`${jobId} +done +succeeded +100 % +50.0 %`));
      assert.ok(!list.stdout.includes('\u001b'), 'no color off a terminal');
      assert.equal((await live.strata('jobs', '--quiet', '--state', 'succeeded')).stdout, `${jobId}\n`);
      assert.match((await live.strata('job', jobId)).stdout, /test accuracy +50.00 %/);
      assert.match((await live.strata('metrics', jobId)).stdout, /loss +0 +11/);
    });

    test('submit reads JSON, YAML and stdin, sets fields, and remembers the job as @last', async () => {
      const file = join(live.home, 'spec.yaml');
      await writeFile(file, 'dataset: mnist\nepochs: 2\nmethod:\n  stages: 2\n');
      const job = json(
        await live.strata('submit', file, '--set', 'method.stages=3', '--set', 'name=three', '--json'),
      ) as { id: string; name: string; spec: { epochs: number; method: { stages: number } } };
      assert.deepEqual([job.name, job.spec.epochs, job.spec.method.stages], ['three', 2, 3]);
      assert.deepEqual(
        json(await live.strata('job', '@last', '--json')),
        await live.asked(`/jobs/${job.id}`),
      );
      const { stdout } = await runStrata(['submit', '-', '--quiet'], live.environment, JSON.stringify(SMALL));
      assert.match(stdout.trim(), ID);
      const again = json(
        await live.strata('clone', job.id, '--set', 'method.stages=2', '--dry-run', '--json'),
      ) as typeof job;
      assert.deepEqual([again.spec.epochs, again.spec.method.stages], [2, 2]);
    });

    test('a dry run stores nothing and shows the plan', async () => {
      const before = await live.asked('/jobs');
      const { code, stdout } = await live.strata('submit', '--set', 'dataset=mnist', '--dry-run');
      assert.equal(code, 0);
      assert.match(stdout, /expected speed-up: [\d.]+ on 2 devices/);
      assert.deepEqual(await live.asked('/jobs'), before);
    });

    test('cancel, pause, resume and rm say what became of the job', async () => {
      const submit = async () =>
        (await live.strata('submit', '--set', 'dataset=mnist', '--quiet')).stdout.trim();
      const id = await submit();
      assert.match((await live.strata('pause', id)).stdout, /paused/);
      assert.match((await live.strata('resume', id)).stdout, /queued/);
      assert.equal((json(await live.strata('cancel', id, '--json')) as { state: string }).state, 'cancelled');
      assert.equal((await live.strata('wait', id)).code, 3, 'a cancelled job');
      assert.equal((await live.strata('follow', id)).code, 3, 'a cancelled job');
      assert.equal((await live.strata('rm', id)).code, 0);
      const gone = await live.strata('job', id);
      assert.deepEqual([gone.code, gone.stdout], [1, '']);
      assert.match(gone.stderr, /not_found/);
    });

    test('a part of an id is enough where it is unambiguous', async () => {
      const { jobId } = live.api;
      assert.equal((await live.strata('job', jobId.slice(-8), '--quiet')).stdout.trim(), jobId);
      const many = await live.strata('job', 'job_');
      assert.equal(many.code, 2);
      assert.match(many.stderr, /is a part of \d+ ids: job_/);
      assert.equal((await live.strata('job', 'zzz')).code, 1);
    });

    test('2: a refused spec is answered with pointer and remedy, and wrong use with help', async () => {
      const refused = await live.strata('submit', '--set', 'dataset=mnist', '--set', 'method.stages=99');
      assert.deepEqual([refused.code, refused.stdout], [2, '']);
      assert.match(refused.stderr, /\/method\/stages.*at most/s);
      const uses = [
        ['submit'],
        ['submit', join(live.home, 'nothing.json')],
        ['submit', '--set', 'epochs'],
        ['submit', '--set', 'dataset=mnist', '--wait', '--follow'],
        ['jobs', '--state', 'tired'],
        ['jobs', '--timeout', '-1'],
        ['job'],
        ['jobz'],
        ['jobs', '--url', 'nonsense'],
      ];
      for (const use of uses) {
        const { code, stdout, stderr } = await live.strata(...use);
        assert.deepEqual([code, stdout], [2, ''], use.join(' '));
        assert.notEqual(stderr, '', use.join(' '));
      }
    });

    test('4: a key that is missing or unknown, 5: a server that is not reached', async () => {
      const { STRATA_API_KEY: _, ...without } = live.environment;
      for (const environment of [without, { ...without, STRATA_API_KEY: 'strata_0_0' }]) {
        const { code, stderr } = await runStrata(['jobs'], environment);
        assert.equal(code, 4);
        assert.match(stderr, /strata login/);
      }
      for (const args of [['jobs'], ['follow', live.api.jobId], ['wait', live.api.jobId]]) {
        const { code, stderr } = await live.strata(...args, '--url', NOWHERE);
        assert.equal(code, 5, args.join(' '));
        assert.match(stderr, /not reached \(ECONNREFUSED\).*npm start/s);
      }
    });

    test('6: the time is over, and the job goes on', async () => {
      const { code, stderr } = await live.strata(
        ...['submit', '--set', 'dataset=mnist', '--wait', '--timeout', '1.5'],
      );
      assert.equal(code, 6);
      assert.match(stderr, /has not ended within 1.5 s; it goes on.*strata follow job_/s);
      const { state } = (await live
        .asked('/jobs?limit=1')
        .then((list) => (list as { data: object[] }).data[0])) as {
        state: string;
      };
      assert.equal(state, 'queued');
    });

    test('130: Ctrl-C detaches at once, says how to go on, and the job goes on', async () => {
      const { child, ended, shows } = live.start('submit', '--set', 'dataset=mnist', '--follow');
      await shows(/job is waiting for a worker/);
      child.kill('SIGINT');
      const { code, stderr } = await ended;
      assert.equal(code, 130);
      const [, id] = /Detached; job (job_\w+) goes on\. Go on with: strata follow \1/.exec(stderr) ?? [];
      const job = (await live.asked(`/jobs/${id}`)) as { state: string };
      assert.equal(job.state, 'queued');
    });

    test('follow goes on where it was after the server was away', async () => {
      const road = await Road.to(live.api.url);
      const environment = { ...live.environment, STRATA_URL: road.url };
      const { stdout } = await live.strata('submit', '--set', 'dataset=mnist', '--quiet');
      const id = stdout.trim();
      const { ended, shows } = startCommand(['follow', id, '--json'], environment);
      await shows(/job.queued/);
      await road.cut();
      await shows(/does not answer/);
      await live.strata('cancel', id);
      await road.open();
      const end = await ended;
      await road.cut();
      assert.equal(end.code, 3);
      assert.match(end.stderr, /The server answers again/);
      const types = end.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).type);
      assert.deepEqual(types, ['job.queued', 'job.cancelled']);
    });

    test('4: the key is revoked while a job is followed', async () => {
      const office = await openKeyOffice(live.api.strata.servers.databaseUrl);
      const key = await office.create({
        tenant: DEFAULT_TENANT,
        name: 'revoked',
        scopes: ['jobs:read', 'jobs:write'],
      });
      const environment = { ...live.environment, STRATA_API_KEY: key };
      const { ended, shows } = startCommand(['submit', '--set', 'dataset=mnist', '--follow'], environment);
      await shows(/job is waiting for a worker/);
      await office.revoke(DEFAULT_TENANT, keyIdOf(key) ?? '');
      await office.close();
      const { code, stderr } = await ended;
      assert.equal(code, 4);
      assert.match(stderr, /unauthenticated/);
    });
  });

  describe('jobs with a worker', () => {
    let processes: ServiceProcess[];
    before(async () => {
      const { strata } = live.api;
      // Jobs of the tests before would be in the way.
      const { stdout } = await live.strata('jobs', '--state', 'queued', '--limit', '100', '--quiet');
      for (const id of stdout.split('\n').filter(Boolean))
        await strata.client.jobs.cancelJob(id, { force: false });
      processes = await Promise.all([strata.startDispatcher(), strata.startWorker()]);
    });
    after(() => Promise.all(processes.map((each) => each.stop())));

    test('submit --follow prints a line an event, and exits with 0 at the end', async () => {
      const file = join(live.home, 'small.json');
      await writeFile(file, JSON.stringify(SMALL));
      const { code, stdout } = await live.strata('submit', file, '--follow');
      assert.equal(code, 0);
      const lines = stdout.trim().split('\n');
      assert.match(lines[0] ?? '', /^\d\d:\d\d:\d\d {2}the job is waiting for a worker$/);
      assert.match(lines.at(-1) ?? '', /^✓ job_\w+ succeeded after .*, test accuracy 50.00 %$/);
      assert.ok(lines.some((line) => line.endsWith('stage 1, round 0 started')));
      const logs = await live.strata('logs', '@last', '--follow');
      assert.equal(logs.code, 0);
    });

    test('follow draws the wavefront on a terminal, and the key Ctrl-C detaches', async () => {
      const { orders } = live.api.strata;
      await orders.clear();
      await orders.hold('stage-0-1');
      const { stdout } = await live.strata('submit', join(live.home, 'small.json'), '--quiet');
      const { child, ended, shows } = startOnTerminal(['follow', stdout.trim()], live.environment);
      await shows(/stage 0 .*▒.*stage 1 .*[█▓].*rounds/s);
      child.stdin?.write('\u0003');
      const end = await ended;
      assert.equal(end.code, 130);
      assert.match(end.stdout, /Detached; job job_\w+ goes on/);
      await orders.release('stage-0-1');
      assert.equal((await live.strata('wait', stdout.trim())).code, 0);
    });

    test('1: a failed job says where and why', async () => {
      await live.api.strata.orders.fail('stage-1-0', 'non_finite_loss');
      const { code, stderr } = await live.strata('submit', join(live.home, 'small.json'), '--wait');
      assert.equal(code, 1);
      assert.match(stderr, /failed at stage 1.*non_finite_loss/);
    });
  });
});
