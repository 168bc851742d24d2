import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { MetricHistory, NetworkFigures } from '../../../src/contract/trainer-protocol.js';
import { crc32c, maskedCrc32c } from '../../../src/trainer/documents/crc32c.js';
import { frontMatter } from '../../../src/trainer/documents/front-matter.js';
import { drawCurves, modelCard } from '../../../src/trainer/documents/index.js';
import { WHOLE_MNIST as MNIST } from '../support/small-mnist.js';
import { mnistSpec } from '../support/specs.js';

const AT = '2026-01-01T00:00:00.000Z';
const HISTORY: MetricHistory = {
  at: AT,
  series: [
    {
      name: 'loss',
      stage: 0,
      points: [
        [0, 2, AT],
        [10, 1, AT],
      ],
    },
    { name: 'loss', stage: 1, points: [[0, 3, AT]] },
    { name: 'violation', stage: 1, points: [[10, 0.25, AT]] },
  ],
};

test('CRC-32C is that of RFC 3720, masked as TFRecord has it', () => {
  // RFC 3720, B.4: 32 bytes of zeroes, of ones, and 0 to 31.
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
  const rotated = 0x8a9136aa / 2 ** 15 - (0x8a9136aa % 2 ** 15) / 2 ** 15 + (0x8a9136aa % 2 ** 15) * 2 ** 17;
  assert.equal(maskedCrc32c(new Uint8Array(32)), (rotated + 0xa282ead8) % 2 ** 32);
});

test('a picture has a curve for each series, in a panel for each name that was measured', () => {
  const svg = drawCurves(HISTORY)!;
  assert.equal(svg.match(/<polyline/g)?.length, 3);
  assert.deepEqual(
    [...svg.matchAll(/font-weight="bold">([^<]+)</g)].map(([, title]) => title),
    ['loss', 'violation'],
  );
  assert.ok(!/NaN|Infinity|undefined/.test(svg));
  assert.equal(drawCurves({ at: AT, series: [] }), null);
});

function card(changes: Parameters<typeof mnistSpec>[0] = {}, endedAfter: number | null = null): string {
  return modelCard({
    jobId: 'job_1',
    spec: mnistSpec(changes),
    dataset: MNIST,
    datasetDigest: 'sha256:abc',
    codeVersion: 'strata 0.1.0',
    runtime: { tensorflow: '2.21.0', device: 'cpu' },
    networks: [],
    result: { auxiliary_error_1: 0.125, auxiliary_error_before_1: 0.5 },
    history: HISTORY,
    curves: null,
    endedAfter,
  });
}

test('the card of a job whose layer-parallel phase ended early says where', () => {
  const changes = { max_train_samples: 256, batch_size: 32, epochs: 4, method: { round_steps: 4 } };
  assert.doesNotMatch(card(changes), /ended early/);
  assert.match(
    card(changes, 2),
    /\| ended early \| the layer-parallel phase after round 2, at 1.5 epochs \|/,
  );
});

test('a card shows the origin of the model, and the training of its stages', () => {
  const text = card();
  for (const fact of ['job_1', 'sha256:abc', 'strata 0.1.0', '| seed | 1 |'])
    assert.ok(text.includes(fact), fact);
  assert.ok(text.includes('| 1 | 3.00 | 0.250 | – | 0.500 | 0.125 |'), text);
});

test("a user's text in a card is neither Markdown nor HTML", () => {
  const text = card({ name: 'a\n# b <script>|' });
  assert.ok(text.includes('\n# a \\# b \\<script\\>\\|\n'), text);
});

test('the licence is the one that the metadata name, or none', () => {
  const licences = [{}, { license: 'apache-2.0' }, { license: 'My own: words' }].map((metadata) =>
    /^license.*$/gm[Symbol.match](frontMatter('m', mnistSpec({ metadata }), [])),
  );
  assert.deepEqual(licences, [
    null,
    ['license: apache-2.0'],
    ['license: other', 'license_name: "My own: words"'],
  ]);
});

test('docs/exports.md shows the script that cards carry', () => {
  const script = readFileSync('src/trainer/documents/load_safetensors.py', 'utf8');
  assert.ok(readFileSync('docs/exports.md', 'utf8').includes(`\`\`\`python\n${script}\`\`\``));
});

test('no label overlaps another, and the legend stands beside the curves', () => {
  // One point: both ends of both axes are the same.
  const series = [
    { name: 'loss', stage: 0, points: [[7, 2, AT]] },
    { name: 'loss', stage: 1, points: [[7, 2, AT]] },
    {
      name: 'test_accuracy',
      stage: null,
      points: [
        [0, 0.1, AT],
        [9, 0.9, AT],
      ],
    },
    { name: 'compact_validation_accuracy', stage: null, points: [[9, 0.9, AT]] },
  ] as const;
  const svg = drawCurves({ at: AT, series })!;
  for (const panel of svg.split('<g ').slice(1)) {
    const places = [...panel.matchAll(/<text x="([\d.]+)" y="([\d.]+)"/g)].map(([, x, y]) => `${x},${y}`);
    assert.equal(new Set(places).size, places.length, places.join(' '));
    const right = Number(/H([\d.]+)"/.exec(panel)![1]);
    const drawn = [...panel.matchAll(/points="([^"]*)"/g)].flatMap(([, points]) => points!.split(' '));
    assert.ok(drawn.every((point) => Number(point.split(',')[0]) <= right + 0.1));
    // A letter is at most 6.2 wide at this size; labels end at the panel's right margin.
    const labels = [...panel.matchAll(/text-anchor="end" fill="[^"]*">([^<]*)</g)].map(([, label]) => label!);
    assert.ok(labels.length > 0);
    for (const label of labels) assert.ok(448 - 6.2 * label.length >= right, label);
  }
});

test("a card of photographs says how they are resized and cropped, and has the job's own size; other cards do not", () => {
  const facts = {
    ...{
      jobId: 'job_1',
      datasetDigest: 'sha256:0' as const,
      codeVersion: '1',
      networks: NETWORKS,
      result: {},
      curves: null,
      endedAfter: null,
    },
    runtime: { tensorflow: '2', device: 'cpu' },
    history: HISTORY,
  } as const;
  const photographs = {
    ...MNIST,
    storage: 'encoded',
    image: { height: 224, width: 224, channels: 3 },
  } as const;
  const card = modelCard({ ...facts, dataset: photographs, spec: { ...mnistSpec(), image_size: 64 } });
  assert.match(card, /for images of 64x64x3/);
  assert.match(card, /until the image just covers 73x73, then take the 64x64 in its centre/);
  assert.match(card, /Each file states this preparation in its metadata/);
  assert.match(card, /Pixels: RGB, 0 to 255, 64x64\. .*transparent pixels are black/);
  assert.match(card, /np\.zeros\(\[1, 64, 64, 3\]/);
  assert.doesNotMatch(
    modelCard({ ...facts, dataset: MNIST, spec: mnistSpec() }),
    /Photographs of other sizes/,
  );
});

/** One network with one export. */
const NETWORKS: NetworkFigures[] = [
  {
    ...{
      name: 'full',
      accuracy: 0.5,
      balanced_accuracy: 0.25,
      loss: 1,
      classes: [],
      parameters: 10,
      multiply_adds: 10,
      latency: null,
    },
    exports: [{ format: 'onnx', size_bytes: 1, max_difference: 0 }],
  },
];
