import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { MetricHistory } from '../../../src/contract/trainer-protocol.js';
import { crc32c, maskedCrc32c } from '../../../src/trainer/documents/crc32c.js';
import { frontMatter } from '../../../src/trainer/documents/front-matter.js';
import { drawCurves, modelCard } from '../../../src/trainer/documents/index.js';
import { MNIST } from '../support/run-plan.js';
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

function card(changes: Parameters<typeof mnistSpec>[0] = {}): string {
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
  });
}

test('a card shows the origin of the model, and the training of its stages', () => {
  const text = card();
  for (const fact of ['job_1', 'sha256:abc', 'strata 0.1.0', '| seed | 1 |'])
    assert.ok(text.includes(fact), fact);
  assert.ok(text.includes('| 1 | 3.00 | 0.250 | – | 0.500 | 0.125 |'), text);
});

test("a user's text stays text in a card: neither Markdown nor HTML", () => {
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
