import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeManifest } from '../../src/contract/dataset-manifest.js';
import type { EvaluationSetup } from '../../src/contract/evaluator-protocol.js';
import { figuresOfSlices } from '../../src/jobs/client/evaluations/slices.js';
import { encodeAnswers } from '../../src/predictor/evaluation/answers-file.js';
import { runAssignment } from '../../src/predictor/evaluation/run.js';
import { Sessions } from '../../src/predictor/sessions.js';
import { withBlobs } from '../trainer/support/run-plan.js';

const LABELS = Uint16Array.of(0, 1, 0, 1, 0, 1);
/** The last two images are taken for the other class. */
const BRIGHT = Float32Array.of(0.1, 0.9, 0.2, 0.8, 0.7, 0.3);
/** Codes of the column `site`: north, south, none. */
const SITES = [1, 1, 2, 2, 0, 1];

test('the figures of an evaluation have the images of each value of a column, counted by hand', async () => {
  await withBlobs(async (blobs) => {
    const none = await blobs.put(new Uint8Array(1));
    const codes = await blobs.put(new Uint8Array(Uint16Array.of(0, 0, 0, 0, 0, 0, ...SITES).buffer));
    const split = { count: 6, images: none.uri, labels: none.uri, metadata: codes.uri };
    const metadata = [
      { name: 'camera', values: [] },
      { name: 'site', values: ['north', 'south', 'west'] },
    ];
    const facts = { name: 'six', image: { height: 1, width: 1, channels: 1 }, classes: ['dark', 'bright'] };
    const manifest = await blobs.put(
      encodeManifest({
        ...{ ...facts, mean: [0], standard_deviation: [1], storage: 'pixels', metadata },
        splits: { train: split, test: split },
      }),
    );
    const answers = Float32Array.from({ length: 12 }, (_, place) => {
      const bright = BRIGHT[place >> 1] ?? 0;
      return place % 2 === 0 ? 1 - bright : bright;
    });
    const part = await blobs.put(encodeAnswers(LABELS, answers, 2, null));
    const setup: EvaluationSetup = {
      ...{ network: none.uri, image: facts.image, storage: 'pixels', classes: facts.classes, labels: [0, 1] },
      ...{ manifest: manifest.uri, split: 'test', tta: 'none', slices: ['metadata.site'] },
    };
    const sessions = new Sessions<never>(async () => assert.fail('no network is needed'), 0);
    const parts = { blobs, sessions, onProgress: () => undefined };
    const success = await runAssignment(parts, { kind: 'figures', setup, parts: [part.uri] });
    assert.ok(success.kind === 'figures');
    const [site] = success.figures.slices ?? assert.fail('it has slices');
    assert.equal(site?.column, 'metadata.site');
    assert.deepEqual(
      site?.values.map(({ value, images, correct, other_accuracy: others }) => [
        value,
        images,
        correct,
        others,
      ]),
      [
        ['north', 3, 2, 2 / 3],
        ['south', 2, 2, 0.5],
        [null, 1, 0, 0.8],
      ],
    );
  });
});

test('a slice of a value is those images alone, and an unknown column or value is refused', async () => {
  const classes = Uint16Array.of(0, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 1);
  const predictions = { labels: LABELS, classes, probabilities: new Float32Array(12) };
  const column = { values: ['north', 'south', 'west'], codes: Uint16Array.from(SITES) };
  const slice = (value: string | null, name = 'site') =>
    figuresOfSlices(
      [{ name: 'some', metadata: { column: name, value } }],
      predictions,
      ['dark', 'bright'],
      async (asked) => (asked === 'site' ? column : null),
    );
  for (const [value, images] of [
    ['north', 3],
    ['west', 0],
    [null, 1],
  ] as const)
    assert.equal((await slice(value))[0]?.images, images);
  for (const refused of [slice('east'), slice('north', 'camera')])
    await assert.rejects(refused, { code: 'invalid_request' });
});
