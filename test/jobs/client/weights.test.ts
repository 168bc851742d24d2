import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { StrataError } from '../../../src/contract/errors.js';
import { withNormalization } from '../../../src/jobs/client/jobs/initial-problems.js';
import { normalizationOf, TORCHVISION } from '../../../src/network/layouts/index.js';
import { decodeState } from '../../../src/trainer/checkpoint/index.js';
import { foreignFile, safetensorsOf } from '../../support/foreign-weights.js';
import { FAKE_TRAINER, Strata } from '../../support/strata.js';
import { resolved, type SpecChanges, smallJob } from '../support/specs.js';

const MODEL = { family: 'imagenet-resnet', depth: 18, width: 2 } as const;
const REQUEST = { name: 'small', sha256: null, class_names: null };
const SIDE = 64;

describe('weights', () => {
  let strata: Strata;
  const tensors = foreignFile(TORCHVISION, MODEL, { classes: 3 });
  const file = safetensorsOf(tensors);
  const weightsOf = (tenant: string) => strata.service.forTenant(tenant);
  const send = async (bytes: Uint8Array, request = {}, tenant = 'default') => {
    const { datasets, weights } = weightsOf(tenant);
    const upload = await datasets.receiveUpload(
      (async function* () {
        yield bytes;
      })(),
    );
    return weights.createWeights({ ...REQUEST, ...request }, upload);
  };
  const refusal = async (made: Promise<unknown>) => {
    const error = await made.then(
      () => null,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof StrataError, String(error));
    return error;
  };

  before(async () => {
    strata = await Strata.start({ trainer: FAKE_TRAINER, outgoingAllow: ['dataset=127.0.0.1'] });
  });
  after(() => strata.stop());

  test('are recognized, listed for their tenant only, and stored under the names of Strata', async () => {
    const made = await send(file, { class_names: ['a', 'b', 'c'] });
    assert.deepEqual(
      [made.layout, made.network, made.channels, made.classes, made.class_names, made.size_bytes],
      ['torchvision', { ...MODEL, padding: 'symmetric' }, 3, 3, ['a', 'b', 'c'], file.length],
    );
    const { weights } = weightsOf('default');
    assert.deepEqual(await weights.getWeights(made.id), made);
    assert.deepEqual((await weights.listWeights({ limit: 5 })).data, [made]);
    const theirs = weightsOf('theirs').weights;
    assert.equal(await theirs.getWeights(made.id), null);
    assert.deepEqual((await theirs.listWeights({ limit: 5 })).data, []);
    assert.equal((await refusal(theirs.deleteWeights(made.id))).code, 'not_found');
    const { rows } = await strata.sql.query('SELECT uri FROM weights WHERE id = $1', [made.id]);
    const state = decodeState(await strata.blobs.get(rows[0].uri));
    const [kernel, stored] = [tensors.get('conv1.weight')!.values, state.weights.get('stem/conv/kernel')!];
    // [O,C,7,7] and [7,7,C,O], with two outputs and three channels.
    stored.forEach((value, index) => {
      const [output, channel, place] = [index % 2, Math.floor(index / 2) % 3, Math.floor(index / 6)];
      assert.equal(value, kernel[(output * 3 + channel) * 49 + place]);
    });
    assert.ok(state.slots.get('statistics')!.has('block7/norm2/variance'));
    await weights.deleteWeights(made.id);
    assert.equal(await weights.getWeights(made.id), null);
  });

  test('are refused with the first tensor that does not fit, and leave nothing behind', async () => {
    const changed = (name: string, change: (values: Float32Array) => void) => {
      const values = tensors.get(name)!.values.slice();
      change(values);
      return safetensorsOf(new Map([...tensors, [name, { ...tensors.get(name)!, values }]]));
    };
    const cases: readonly [bytes: Uint8Array, code: string, message: RegExp][] = [
      [file.subarray(0, 1000), 'weights_damaged', /cut short/],
      [Buffer.from('PK\x03\x04 a checkpoint of PyTorch'), 'weights_pickled', /save_file/],
      [Buffer.from([0x80, 2, 0x63, 0x6f, 0x73, 10, 1, 2, 3]), 'weights_pickled', /save_file/],
      [
        safetensorsOf(new Map([...tensors].filter(([name]) => name !== 'layer2.0.downsample.1.bias'))),
        'weights_unknown',
        /no tensor layer2\.0\.downsample\.1\.bias/,
      ],
      [
        changed('layer4.1.conv2.weight', (values) => values.fill(Number.NaN, 5, 6)),
        'weights_unknown',
        /layer4\.1\.conv2\.weight has the value NaN at position 5/,
      ],
      [
        changed('bn1.running_var', (values) => values.fill(-1)),
        'weights_unknown',
        /bn1\.running_var has a negative variance/,
      ],
    ];
    for (const [bytes, code, message] of cases) {
      const error = await refusal(send(bytes));
      assert.equal(error.code, code);
      assert.match(error.detail, message);
    }
    const names = await refusal(send(file, { class_names: ['a', 'b'] }));
    assert.deepEqual([names.code, names.errors[0]?.pointer], ['invalid_request', '/class_names']);
    assert.equal((await refusal(send(file, { sha256: '0'.repeat(64) }))).code, 'checksum_mismatch');
    assert.deepEqual((await weightsOf('default').weights.listWeights({ limit: 5 })).data, []);
  });

  test('come from a URL under the rules for datasets', async () => {
    const server = createServer(({ url }, response) => {
      if (url === '/slow') server.emit('slow', response);
      else response.writeHead(url === '/w.safetensors' ? 200 : 404).end(file);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      const place = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { weights } = weightsOf('default');
      const at = (url: string) => weights.createWeights(REQUEST, { url });
      const made = await at(`http://${place}/w.safetensors`);
      assert.deepEqual([made.source, made.size_bytes], ['url', file.length]);
      await weights.deleteWeights(made.id);
      assert.equal((await refusal(at(`http://${place}/other`))).code, 'source_refused');
      assert.equal((await refusal(at('https://10.0.0.1/w.safetensors'))).code, 'forbidden_target');
      const asked = once(server, 'slow');
      const slow = at(`http://${place}/slow`);
      const [response] = (await asked) as [ServerResponse];
      const second = at(`http://${place}/w.safetensors`);
      assert.equal((await refusal(second)).code, 'weights_busy', 'one fetch at a time');
      const theirs = weightsOf('theirs').weights;
      const other = await theirs.createWeights(REQUEST, { url: `http://${place}/w.safetensors` });
      await theirs.deleteWeights(other.id);
      response.writeHead(200).end(file);
      await weights.deleteWeights((await slow).id);
    } finally {
      server.close();
    }
  });

  test('start a job whose network is the same; others learn the field, and the weights stay for the job', async () => {
    const made = await send(file, { class_names: ['a', 'b', 'c'] });
    const start = { weights: made.id, head: 'auto' } as const;
    await strata.sql.query(
      `INSERT INTO dataset SELECT (jsonb_populate_record(dataset,
         '{"id": "dataset_big", "name": "big", "classes": ["a", "b", "c"],
           "image": {"height": ${SIDE}, "width": ${SIDE}, "channels": 1}}')).* FROM dataset WHERE name = 'mnist'`,
    );
    const create = (changes: SpecChanges = {}, dryRun = true) =>
      strata.client.jobs.createJob(
        smallJob({
          dataset: 'big',
          init_from: start,
          ...changes,
          model: { ...MODEL, padding: 'symmetric', ...changes.model },
        }),
        { dryRun },
      );
    assert.deepEqual((await create()).job.spec.init_from, { ...start, head: 'keep' });
    const freeze = { blocks: 2, norm: 'frozen' } as const;
    const statisticsOf = async (changes: SpecChanges) =>
      (await create({ init_from: { ...start, statistics: 'auto' }, ...changes })).job.spec.init_from
        ?.statistics;
    assert.deepEqual([await statisticsOf({}), await statisticsOf({ freeze })], ['auto', 'keep']);
    const pointers = async (changes: SpecChanges) =>
      (await refusal(create(changes))).errors.map(({ pointer }) => pointer);
    assert.deepEqual(await pointers({ model: { padding: 'same', width: 4 } }), [
      '/model/width',
      '/model/padding',
    ]);
    assert.deepEqual(await pointers({ init_from: { weights: 'weights_0', head: 'auto' } }), [
      '/init_from/weights',
    ]);
    assert.deepEqual(await pointers({ init_from: { head: 'auto' } }), ['/init_from']);
    assert.deepEqual(
      await pointers({ normalization: 'weights' }),
      ['/normalization'],
      'of colors, for gray images',
    );
    const ofColors = withNormalization(
      { ...resolved(), normalization: 'weights' },
      normalizationOf(made.layout),
    );
    assert.deepEqual(ofColors.normalization, {
      mean: [0.485, 0.456, 0.406],
      standard_deviation: [0.229, 0.224, 0.225],
    });
    const both = { weights: made.id, checkpoint: 'job_1-final', head: 'auto' } as const;
    assert.deepEqual(await pointers({ init_from: both }), ['/init_from']);
    const theirs = await send(file, {}, 'theirs');
    assert.deepEqual(await pointers({ init_from: { weights: theirs.id, head: 'auto' } }), [
      '/init_from/weights',
    ]);
    const nameless = await send(file);
    const { job: dry } = await create({ init_from: { weights: nameless.id, head: 'auto' } });
    assert.equal(dry.spec.init_from?.head, 'new');
    const told = dry.plan.warnings.find(({ pointer }) => pointer === '/init_from/head');
    assert.match(told?.message ?? '', /have no names/);
    const { job } = await create({}, false);
    const { weights, jobs } = weightsOf('default');
    assert.equal((await refusal(weights.deleteWeights(made.id))).code, 'weights_in_use');
    await jobs.cancelJob(job.id, { force: true });
    await weights.deleteWeights(made.id);
  });
});
