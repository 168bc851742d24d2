import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { keyIdOf } from '../../cli/src/target.js';
import { makeZip } from '../datasets/support/zip.js';
import { ENDED_BATCH, insertEndedBatch } from '../jobs/support/ended-batch.js';
import { type Ended, type Environment, runStrata, startCommand } from './command.js';
import { Road, useLiveCommand } from './live.js';

describe('strata on everything but jobs', () => {
  const live = useLiveCommand();
  const json = <T>({ code, stdout, stderr }: Ended): T => {
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  };
  /** The environment of somebody who has not logged in, in a home of their own. */
  const stranger = async (name: string): Promise<Environment> => {
    const home = join(live.home, name);
    await mkdir(home);
    return { XDG_CONFIG_HOME: home };
  };

  test('--json prints the answers of the API as they are', async () => {
    const { jobId } = live.api;
    const model = (await live.asked(`/jobs/${jobId}`)) as { result: { model_id: string } };
    const id = model.result.model_id;
    const cases = [
      [['datasets', 'list'], '/datasets?limit=100'],
      [['datasets', 'show', 'mnist'], '/datasets/mnist'],
      [['artifacts', 'list', jobId], `/jobs/${jobId}/artifacts`],
      [['models', 'list'], '/models'],
      [['models', 'list', '--order-by', 'accuracy', '--name', 'done'], '/models?order_by=accuracy&name=done'],
      [['models', 'show', id], `/models/${id}`],
      [['models', 'show', '@last'], `/models/${id}`],
      [['models', 'statement', '@last'], `/models/${id}/statement`],
      [['models', 'bill-of-materials', id], `/models/${id}/bill-of-materials`],
      [['models', 'signing-key'], '/signing-key'],
      [['compare', jobId, id], `/models/compare?a=${id}&b=${id}`],
      [['workers'], '/workers'],
      [['keys', 'list'], '/api-keys'],
    ] as const;
    for (const [args, path] of cases)
      assert.deepEqual(json(await live.strata(...args, '--json')), await live.asked(path), path);
  });

  test('people get tables and fields', async () => {
    const cases = [
      [['datasets', 'list'], /mnist +ready/],
      [['datasets', 'show', 'mnist'], /classes +0, 1, 2/],
      [['artifacts', 'list', live.api.jobId], /report\.json +\d+ B +report/],
      [['models', 'list'], /done +50\.0 %/],
      [['models', 'show', '@last'], /full +50\.00 %/],
      [['compare', '@last', '@last'], /test_accuracy/],
      [['keys', 'list'], /test +jobs:read/],
      [['whoami'], /from STRATA_API_KEY.*tenant +default.*admin/s],
    ] as const;
    for (const [args, pattern] of cases) {
      const { code, stdout, stderr } = await live.strata(...args);
      assert.equal(code, 0, stderr);
      assert.match(stdout, pattern, args.join(' '));
    }
  });

  test('plan predicts, and a refused spec is refused', async () => {
    const plan = json<{ object: string; speedups: object[] }>(
      await live.strata('plan', '--set', 'dataset=mnist', '--devices', '4', '--json'),
    );
    assert.deepEqual([plan.object, plan.speedups.length > 0], ['plan', true]);
    assert.match((await live.strata('plan', '--set', 'dataset=mnist')).stdout, /STAGES +SPEED-UP +SPLIT/);
    const schedules = await live.strata('plan', '--set', 'dataset=mnist', '--devices', '2', '--schedules');
    assert.match(schedules.stdout, /SCHEDULE +OFFERED[\s\S]+chimera +no +2 +8/);
    assert.equal((await live.strata('plan', '--set', 'dataset=nowhere')).code, 2);
  });

  test('models are tagged, untagged, asked and kept while they are needed', async () => {
    const { code, stdout } = await live.strata('models', 'tag', '@last', 'production');
    assert.deepEqual([code, /has the tags production/.test(stdout)], [0, true]);
    const kept = await live.strata('models', 'rm', '@last');
    assert.deepEqual([kept.code, /model_in_use/.test(kept.stderr)], [1, true]);
    assert.equal((await live.strata('models', 'untag', '@last', 'production')).code, 0);
    const image = join(live.home, 'one.png');
    await writeFile(image, 'no image');
    const asked = await live.strata('models', 'predict', '@last', image, '--top', '3');
    assert.deepEqual([asked.code, /model_not_served/.test(asked.stderr)], [1, true]);
    assert.equal((await live.strata('models', 'predict', '@last', '/nowhere.png')).code, 2);
  });

  test('sweeps are priced, started, shown, paused and cancelled', async () => {
    const file = join(live.home, 'sweep.json');
    const job = { dataset: 'mnist', max_train_samples: 512, validation_share: 0.2, epochs: 1 };
    const space = { '/optimizer/learning_rate': { min: 0.01, max: 0.1 } };
    await writeFile(file, JSON.stringify({ name: 'rates', job, space, limits: { trials: 3 } }));
    const priced = await live.strata('sweep', 'create', file, '--dry-run');
    assert.match(priced.stdout, /id +dry_run[\s\S]*jobs +3, \d+ optimizer steps/, priced.stderr);
    assert.deepEqual(((await live.asked('/sweeps')) as { data: object[] }).data, []);
    const { id } = json<{ id: string }>(
      await live.strata('sweep', 'create', file, '--set', 'limits.trials=2', '--json'),
    );
    assert.match((await live.strata('sweep', 'list')).stdout, new RegExp(`${id} +rates +running +0 of 2`));
    const shown = (await live.strata('sweep', 'show', id)).stdout;
    assert.match(shown, /TRIAL +STATE +VALUE +\/optimizer\/learning_rate +JOB\n0 +waiting/);
    assert.match((await live.strata('sweep', 'pause', id)).stdout, /state +paused/);
    assert.match((await live.strata('sweep', 'resume', id)).stdout, /state +running/);
    const unset = await live.strata('sweep', 'create', file, '--set', 'limits.trials=0');
    assert.deepEqual([unset.code, /limits/.test(unset.stderr)], [2, true], unset.stderr);
    assert.equal((await live.strata('sweep', 'cancel', id)).code, 0);
    assert.match((await live.strata('sweep', 'resume', id)).stderr, /sweep_finished/);
  });

  test('a version of a model is shown, and promoted as far as the rule of the alias allows', async () => {
    const models = (await live.asked('/models')) as { data: { name: string }[] };
    const name = models.data[0]!.name;
    assert.deepEqual(json(await live.strata('registry', 'list', '--json')), await live.asked('/registry'));
    assert.match((await live.strata('registry', 'list')).stdout, new RegExp(`\\n${name} +1 `));
    const registry = ['registry', 'show', name] as const;
    assert.deepEqual(json(await live.strata(...registry, '--json')), await live.asked(`/registry/${name}`));
    const applied = await live.strata('registry', 'promote', name, '1', 'edge', '--note', 'first');
    assert.match(applied.stdout, /state +applied/, applied.stderr);
    assert.match(
      (await live.strata(...registry)).stdout,
      /VERSION +MODEL +ALIASES[\s\S]*\n1 +model_\S+ +edge/,
    );
    const rule = { requires: [{ dataset: 'mnist', metric: 'accuracy', at_least: 0.99 }], approvals: 0 };
    await live.put(`/registry/${name}/aliases/server/rule`, rule);
    const refused = await live.strata('registry', 'promote', name, '1', 'server');
    assert.deepEqual([refused.code, /state +rejected[\s\S]*✗ /.test(refused.stdout)], [1, true]);
    assert.equal((await live.strata('registry', 'promote', name, '9', 'edge')).code, 1);
    assert.equal((await live.strata('models', 'untag', '@last', 'edge')).code, 0);
  });

  test('evaluations are asked for by dataset, and one without images says what is missing', async () => {
    const asked = await live.strata('evaluations', 'create', '@last', '--dataset', 'nowhere');
    assert.deepEqual([asked.code, /nowhere/.test(asked.stderr)], [1, true], asked.stderr);
    assert.match((await live.strata('evaluations', 'list')).stderr, /No evaluations/);
    const slices = ['evaluations', 'slices', 'evaluation_a'] as const;
    const evening = join(live.home, 'evening.txt');
    await writeFile(evening, 'test/17\n3\nthree\n');
    const unreadable = await live.strata(...slices, '--images', `evening=${evening}`);
    assert.deepEqual([unreadable.code, /'three' is no position/.test(unreadable.stderr)], [2, true]);
    await writeFile(evening, 'test/17\n3\n');
    const sliced = await live.strata(
      ...slices,
      '--images',
      `evening=${evening}`,
      '--classes',
      'pets=cat,dog',
    );
    assert.deepEqual([sliced.code, /not_found/.test(sliced.stderr)], [1, true], sliced.stderr);
    const compared = await live.strata('evaluations', 'compare', 'evaluation_a', 'evaluation_b');
    assert.deepEqual([compared.code, /not_found/.test(compared.stderr)], [1, true], compared.stderr);
  });

  test('batch predictions are listed, shown, downloaded, started with pictures, cancelled and deleted', async () => {
    const { data } = (await live.asked('/models')) as { data: { id: string; name: string }[] };
    const [model] = data;
    assert.ok(model);
    const done = await insertEndedBatch(live.api.strata, model);
    assert.match(
      (await live.strata('batch', 'list')).stdout,
      new RegExp(`${done} +succeeded .*test of october +100`),
    );
    assert.match((await live.strata('batch', 'show', done)).stdout, /done +2, of which 1 failed/);
    assert.equal((await live.strata('batch', 'download', done)).stdout, ENDED_BATCH.result);
    const errors = join(live.home, 'errors.jsonl');
    assert.equal((await live.strata('batch', 'download', done, '--errors', '--output', errors)).code, 0);
    assert.equal(await readFile(errors, 'utf8'), ENDED_BATCH.errors);
    const create = (...args: string[]) => live.strata('batch', 'create', '@last', ...args);
    for (const args of [
      [],
      ['--dataset', 'mnist', '--pictures', 'a.zip'],
      ['--pictures', 'a.zip', '--split', 'test'],
    ])
      assert.equal((await create(...args)).code, 2, args.join(' '));
    assert.match((await create('--dataset', 'nowhere')).stderr, /nowhere/);
    const pictures = join(live.home, 'october.zip');
    await writeFile(pictures, makeZip([{ name: 'a.png', bytes: Buffer.from('no image') }]));
    assert.match((await create('--pictures', pictures)).stderr, /model_not_served/);
    const { sql } = live.api.strata;
    const { rows } = await sql.query('SELECT serving FROM model WHERE id = $1', [model.id]);
    const serve = (serving: object) =>
      sql.query('UPDATE model SET serving = $1 WHERE id = $2', [serving, model.id]);
    await serve({ full: `sha256:${'0'.repeat(64)}` });
    const { id } = json<{ id: string }>(await create('--pictures', pictures, '--no-wait', '--json'));
    await serve(rows[0].serving);
    assert.match(
      (await live.strata('batch', 'show', id)).stdout,
      /state +queued[\s\S]*images +0, pictures of an upload/,
    );
    assert.match((await live.strata('batch', 'download', id)).stderr, /batch_unfinished/);
    assert.match((await live.strata('batch', 'cancel', id)).stdout, /is cancelled/);
    for (const each of [id, done]) assert.equal((await live.strata('batch', 'rm', each)).code, 0);
    assert.match((await live.strata('batch', 'list')).stderr, /No batch predictions/);
  });

  test('artifacts keep their folders, are checked, and replace nothing without --force', async () => {
    const dir = join(live.home, 'files');
    const { jobId } = live.api;
    const download = (...args: string[]) =>
      live.strata('artifacts', 'download', jobId, '--dir', dir, ...args);
    const one = await download('full');
    assert.deepEqual([one.code, one.stdout], [0, `${join(dir, 'full/weights.bin')}\n`]);
    await writeFile(join(dir, 'full/weights.bin'), 'mine');
    const refused = await download();
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /weights\.bin exists\. Nothing was downloaded/);
    assert.deepEqual(await readdir(dir), ['full'], 'nothing was written');
    assert.equal(await readFile(join(dir, 'full/weights.bin'), 'utf8'), 'mine');
    const { data } = json<{ data: { name: string; sha256: string }[] }>(await download('--force', '--json'));
    assert.ok(data.length >= 2);
    for (const { name, sha256 } of data) {
      const bytes = await readFile(join(dir, name));
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, name);
    }
    assert.equal((await download('nothing.bin', '--force')).code, 2);
  });

  test('damaged bytes are not kept, and a server chooses no file outside of the folder', async () => {
    const good = createHash('sha256').update('right').digest('hex');
    const artifact = (name: string) => ({
      id: 'artifact_1',
      name,
      size_bytes: 5,
      sha256: good,
      links: { content: '/c' },
    });
    let name = 'report.json';
    const server = createServer(({ url }, response) => {
      response.end(url === '/c' ? 'wrong' : JSON.stringify({ data: [artifact(name)] }));
    });
    const url = await new Promise<string>((resolve) =>
      server.listen(0, '127.0.0.1', () =>
        resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      ),
    );
    const dir = join(live.home, 'damaged');
    const download = () => live.strata('artifacts', 'download', live.api.jobId, '--dir', dir, '--url', url);
    const damaged = await download();
    assert.equal(damaged.code, 1);
    assert.match(damaged.stderr, new RegExp(`sha256 is .*, but should be ${good}`));
    assert.deepEqual(await readdir(dir), []);
    name = '../outside.json';
    const outside = await download();
    server.close();
    assert.deepEqual([outside.code, /outside of the folder/.test(outside.stderr)], [1, true]);
  });

  test('an upload that was cut off and left goes on where it was', async () => {
    const road = await Road.to(live.api.url);
    const environment = { ...live.environment, STRATA_URL: road.url };
    const file = join(live.home, 'flowers.tar.gz');
    await writeFile(file, randomBytes(10 * 2 ** 20));
    const upload = ['datasets', 'upload', file, '--no-wait'];
    road.cutAfter(6 * 2 ** 20);
    const first = startCommand(upload, environment);
    await first.shows(/connection was lost/);
    first.child.kill('SIGINT');
    const left = await first.ended;
    assert.deepEqual([left.code, /same command goes on/.test(left.stderr)], [130, true]);
    await road.open();
    const second = await runStrata([...upload, '--json'], environment);
    await road.cut();
    assert.match(second.stderr, /Going on at [4-6]\d %/);
    const dataset = json<{ name: string; state: string }>(second);
    assert.deepEqual([dataset.name, dataset.state], ['flowers', 'validating']);
    assert.deepEqual(JSON.parse(await readFile(join(live.home, 'strata/uploads.json'), 'utf8')), {});
    assert.equal((await live.strata('datasets', 'rm', 'flowers')).code, 0);
    assert.equal((await live.strata('datasets', 'upload', '/nowhere.zip')).code, 2);
  });

  test('keys are created, used and revoked', async () => {
    const { stdout } = await live.strata('keys', 'create', 'reader', '--scopes', 'jobs:read');
    const key = stdout.trim();
    const id = keyIdOf(key) ?? 'none';
    const environment = { ...live.environment, STRATA_API_KEY: key };
    assert.equal((await runStrata(['jobs'], environment)).code, 0);
    const refused = await runStrata(['keys', 'list'], environment);
    assert.deepEqual([refused.code, /scope_missing/.test(refused.stderr)], [4, true]);
    assert.match((await runStrata(['whoami'], environment)).stdout, new RegExp(id));
    assert.equal((await live.strata('keys', 'revoke', id)).code, 0);
    assert.equal((await live.strata('keys', 'revoke', id)).code, 1);
  });

  test('login tries the key and saves it for this server alone; logout forgets it', async () => {
    const environment = await stranger('login');
    const { url, apiKey } = live.api;
    const wrong = await runStrata(['login', '--url', url], environment, 'strata_0_0\n');
    assert.equal(wrong.code, 4);
    const right = await runStrata(['login', '--url', url], environment, `${apiKey}\n`);
    assert.equal(right.code, 0, right.stderr);
    const file = join(environment.XDG_CONFIG_HOME ?? '', 'strata/config.json');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { url, api_key: apiKey });
    assert.equal((await runStrata(['jobs'], environment)).code, 0);
    const road = await Road.to(url);
    assert.equal(
      (await runStrata(['jobs', '--url', road.url], environment)).code,
      4,
      'the key stays at home',
    );
    await road.cut();
    await chmod(file, 0o644);
    const open = await runStrata(['doctor'], environment);
    assert.deepEqual([open.code, /can be read by others/.test(open.stdout)], [1, true]);
    assert.equal((await runStrata(['logout'], environment)).code, 0);
    assert.deepEqual(await readdir(join(file, '..')), []);
  });

  test('doctor says what is wrong, and open the address of a page', async () => {
    const { code, stdout } = await live.strata('doctor');
    assert.deepEqual([code, /✗ workers +No worker runs/.test(stdout)], [1, true]);
    const away = await live.strata('doctor', '--url', 'http://127.0.0.1:9876', '--json');
    assert.equal(away.code, 5);
    assert.equal((JSON.parse(away.stdout) as { ok: boolean }).ok, false);
    const browser = { ...live.environment, BROWSER: 'true' };
    const opened = await runStrata(['open', live.api.jobId], browser);
    assert.equal(opened.stdout, `${live.api.url}/ui/jobs/${live.api.jobId}\n`);
  });
});
