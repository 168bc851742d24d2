import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type Answers,
  comparePaired,
  figuresByValue,
  figuresOf,
  mcnemar,
  predictedClasses,
  sliceFigures,
  wilson,
} from '../../src/measures/index.js';
import type { OperatingPoint } from '../../src/measures/thresholds.js';

interface Reference {
  readonly cases: readonly {
    readonly name: string;
    readonly classes: number;
    readonly labels: readonly number[];
    readonly probabilities: readonly number[];
    readonly figures: Readonly<Record<string, number | null>>;
    readonly every_third: Readonly<Record<string, number>>;
    /** Thresholds of each class; null without images. */
    readonly thresholds: readonly (Readonly<Record<string, OperatingPoint | null>> | null)[];
  }[];
  readonly mcnemar: readonly { readonly only_a: number; readonly only_b: number; readonly p_value: number }[];
  readonly wilson: readonly {
    readonly hits: number;
    readonly count: number;
    readonly low: number;
    readonly high: number;
  }[];
}

const reference: Reference = JSON.parse(readFileSync(new URL('reference.json', import.meta.url), 'utf8'));

/** Both sum float64 in their own order. */
const TOLERANCE = 1e-12;

function close(actual: unknown, expected: number | null | undefined, what: string): void {
  if (typeof expected !== 'number' || typeof actual !== 'number') assert.equal(actual, expected, what);
  else {
    const distance = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
    assert.ok(distance <= TOLERANCE, `${what}: ${actual} is not ${expected}`);
  }
}

for (const { name, classes, labels, probabilities, figures } of reference.cases) {
  test(`Figures equal those of scikit-learn to 1e-12: ${name}`, () => {
    const own = new Map(
      Object.entries(
        figuresOf({
          classes,
          labels: Uint16Array.from(labels),
          probabilities: Float64Array.from(probabilities),
        }),
      ),
    );
    for (const [figure, expected] of Object.entries(figures))
      close(own.get(figure), expected, `${name}, ${figure}`);
  });
}

for (const { name, classes, labels, probabilities, thresholds } of reference.cases) {
  test(`Thresholds of each class are those of scikit-learn's curve of precision and recall: ${name}`, () => {
    const { per_class } = figuresOf({
      classes,
      labels: Uint16Array.from(labels),
      probabilities: Float64Array.from(probabilities),
    });
    const none = { best_f1: null, precision_95: null, recall_95: null };
    assert.deepEqual(
      per_class.map((own) => own.thresholds),
      thresholds.map((own) => own ?? none),
    );
  });
}

for (const { name, classes, labels, probabilities, every_third: wanted } of reference.cases) {
  test(`Figures of every third image equal those of scikit-learn to 1e-12: ${name}`, () => {
    const answers = {
      classes,
      labels: Uint16Array.from(labels),
      probabilities: Float64Array.from(probabilities),
    };
    const predictions = { ...answers, predicted: predictedClasses(answers) };
    const slice = Uint8Array.from(labels, (_, image) => (image % 3 === 0 ? 1 : 0));
    const own = sliceFigures(predictions, slice);
    for (const figure of ['accuracy', 'balanced_accuracy', 'macro_f1'] as const)
      close(own[figure], wanted[figure], `${name}, ${figure}`);
    assert.equal(own.images, Math.ceil(labels.length / 3));
    const all = figuresOf(answers);
    const others = labels.length - own.images;
    close(own.other_accuracy, others === 0 ? null : (all.correct - own.correct) / others, 'other images');
  });
}

test('The figures by value are those of the slices of its images, and each image counts once', () => {
  const { classes, labels, probabilities } = reference.cases[0] ?? assert.fail('it has a case');
  const answers = {
    classes,
    labels: Uint16Array.from(labels),
    probabilities: Float64Array.from(probabilities),
  };
  const predictions = { ...answers, predicted: predictedClasses(answers) };
  // The value `b` has no image.
  const codes = Uint16Array.from(labels, (_, image) => [0, 1, 3][image % 3] ?? 0);
  const figures = figuresByValue(predictions, { values: ['a', 'b', 'c'], codes });
  const sliceOf = (code: number) =>
    sliceFigures(
      predictions,
      Uint8Array.from(codes, (own) => (own === code ? 1 : 0)),
    );
  assert.deepEqual(figures, [
    { value: 'a', ...sliceOf(1) },
    { value: 'c', ...sliceOf(3) },
    { value: null, ...sliceOf(0) },
  ]);
  assert.equal(
    figures.reduce((sum, { images }) => sum + images, 0),
    labels.length,
  );
});

test('A slice without images has no figures', () => {
  const predictions = { classes: 2, labels: Uint16Array.of(0, 1), predicted: Uint16Array.of(0, 0) };
  const none = { accuracy: null, accuracy_interval: null, balanced_accuracy: null, macro_f1: null };
  assert.deepEqual(sliceFigures(predictions, new Uint8Array(2)), {
    ...{ images: 0, correct: 0, ...none, other_accuracy: 0.5 },
  });
});

test("McNemar's exact p and Wilson's interval equal those of SciPy to 1e-12", () => {
  for (const { only_a: a, only_b: b, p_value: p } of reference.mcnemar)
    close(mcnemar(a, b), p, `${a} against ${b}`);
  for (const { hits, count, low, high } of reference.wilson) {
    const interval = wilson(hits, count);
    close(interval?.low, low, `lower end of ${hits} in ${count}`);
    close(interval?.high, high, `upper end of ${hits} in ${count}`);
  }
  assert.equal(wilson(0, 0), null);
});

test('Temperature 1 is best for probabilities that are true, and a network that is too sure gets a higher one', () => {
  // 80 of the 100 images have class 0, as their probability says.
  const labels = Uint16Array.from({ length: 100 }, (_, image) => (image < 80 ? 0 : 1));
  const of = (sure: number): Answers => ({
    classes: 2,
    labels,
    probabilities: Float64Array.from({ length: 200 }, (_, place) => (place % 2 === 0 ? sure : 1 - sure)),
  });
  assert.ok(Math.abs(figuresOf(of(0.8)).calibration.temperature - 1) < 1e-6);
  // 0.941 = 0.8^2 / (0.8^2 + 0.2^2): twice the logits.
  assert.ok(Math.abs(figuresOf(of(16 / 17)).calibration.temperature - 2) < 1e-6);
});

test('Each image of a pair of networks counts once', () => {
  const counts = comparePaired([true, true, false, false, true], [true, false, true, false, false]);
  assert.deepEqual(counts, {
    images: 5,
    both_right: 1,
    only_a: 2,
    only_b: 1,
    both_wrong: 1,
    p_value: 1,
  });
});
