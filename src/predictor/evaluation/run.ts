import type { BlobUri } from '../../contract/blob-uri.js';
import {
  type DatasetManifest,
  decodeManifest,
  InvalidManifestError,
} from '../../contract/dataset-manifest.js';
import { columnIn } from '../../contract/dataset-metadata.js';
import type {
  EvaluationAssignment,
  EvaluationSetup,
  EvaluationSuccess,
} from '../../contract/evaluator-protocol.js';
import type { components } from '../../contract/generated/openapi.js';
import { encodePredictions, type TestPredictions } from '../../contract/test-predictions.js';
import { type Answers, cascadeOf, figuresByValue, figuresOf } from '../../measures/index.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { type Answerer, probabilitiesOf } from '../answerer.js';
import type { Sessions } from '../sessions.js';
import { answerBatch, batchSizeFor } from './answer.js';
import { encodeAnswers, joinAnswers, joinCompact } from './answers-file.js';
import { type ImageRange, readLabels } from './images.js';
import { readViews } from './views.js';

type Figures = components['schemas']['EvaluationFigures'];

export interface EvaluatorParts {
  readonly blobs: BlobStore;
  readonly sessions: Sessions<Answerer>;
  /** Hears after every batch how many images are done. */
  readonly onProgress: (images: number) => void;
}

/** Does one assignment. The same assignment makes the same blobs. */
export function runAssignment(
  parts: EvaluatorParts,
  assignment: EvaluationAssignment,
): Promise<EvaluationSuccess> {
  return assignment.kind === 'answers'
    ? answerImages(parts, assignment.setup, assignment)
    : computeFigures(parts, assignment.setup, assignment.parts);
}

async function answerImages(
  parts: EvaluatorParts,
  setup: EvaluationSetup,
  range: ImageRange,
): Promise<EvaluationSuccess> {
  const { blobs } = parts;
  const manifest = decodeManifest(await blobs.get(setup.manifest));
  const labels = await readLabels(blobs, manifest, setup, range);
  const classes = setup.classes.length;
  const full = await answersOf(parts, setup, manifest, range, setup.network);
  // After the full network has answered, so that each is timed alone.
  const quick = setup.compact ? await answersOf(parts, setup, manifest, range, setup.compact) : null;
  const compact = quick && {
    probabilities: quick.probabilities,
    seconds: { full: full.seconds, compact: quick.seconds },
  };
  const { uri } = await blobs.put(encodeAnswers(labels, full.probabilities, classes, compact));
  return { kind: 'answers', uri };
}

/** The answers of one network, and the seconds that it computed. */
async function answersOf(
  { blobs, sessions, onProgress }: EvaluatorParts,
  setup: EvaluationSetup,
  manifest: DatasetManifest,
  { first, count }: ImageRange,
  uri: BlobUri,
): Promise<{ readonly probabilities: Float32Array; readonly seconds: number }> {
  const classes = setup.classes.length;
  const probabilities = new Float32Array(count * classes);
  const size = batchSizeFor(setup.image);
  let seconds = 0;
  await sessions.use(uri, async (answerer) => {
    const network = probabilitiesOf(answerer);
    for (let done = 0; done < count; done += size) {
      const range = { first: first + done, count: Math.min(size, count - done) };
      const views = await readViews(blobs, manifest, setup, range);
      const started = performance.now();
      const answers = await answerBatch(network, views, range.count);
      seconds += (performance.now() - started) / 1_000;
      probabilities.set(answers, done * classes);
      onProgress(done + range.count);
    }
  });
  return { probabilities, seconds };
}

/** Cells of the confusion that are stored: of a thousand classes there may be a million. */
const MAX_CELLS = 10_000;
/** Classes that are kept for each image. */
const KEPT_CLASSES = 5;

async function computeFigures(
  { blobs }: EvaluatorParts,
  setup: EvaluationSetup,
  uris: readonly BlobUri[],
): Promise<EvaluationSuccess> {
  const { classes: names, compact } = setup;
  const files: Uint8Array[] = [];
  for (const uri of uris) files.push(await blobs.get(uri));
  const answers = joinAnswers(files, names.length);
  const { per_class, confusion, calibration, ...figures } = figuresOf(answers);
  const predictions = mostProbable(answers);
  const slices = setup.slices && (await slicesOf(blobs, setup, setup.slices, answers, predictions));
  const stored: Figures = {
    ...figures,
    per_class: per_class.map((own) => ({ ...own, name: names[own.index] ?? '' })),
    confusion: confusion.slice(0, MAX_CELLS),
    calibration: { ...calibration, bins: [...calibration.bins] },
    ...(compact && { cascade: cascadeIn(files, answers) }),
    ...(slices && { slices }),
  };
  const { uri } = await blobs.put(encodePredictions(predictions));
  return { kind: 'figures', figures: stored, predictions: uri };
}

/** The figures of the images of each value of these columns of metadata. */
async function slicesOf(
  blobs: BlobStore,
  { manifest: uri, split }: EvaluationSetup,
  columns: readonly string[],
  { classes, labels }: Answers,
  { classes: best }: TestPredictions,
): Promise<NonNullable<Figures['slices']>> {
  const { metadata = [], splits } = decodeManifest(await blobs.get(uri));
  const file = splits[split]?.metadata;
  if (file === undefined) throw new InvalidManifestError(`splits.${split}.metadata`, 'is missing');
  const codes = new Uint16Array(Uint8Array.from(await blobs.get(file)).buffer);
  const kept = best.length / labels.length;
  const network = { classes, labels, predicted: labels.map((_, image) => best[image * kept] ?? 0) };
  return columns.map((column) => {
    const found = columnIn(metadata, column, codes, labels.length);
    if (found === null) throw new InvalidManifestError('metadata', `has no column ${column}`);
    return { column, values: figuresByValue(network, found) };
  });
}

function cascadeIn(files: readonly Uint8Array[], full: Answers): NonNullable<Figures['cascade']> {
  const { answers, seconds } = joinCompact(files, full);
  const { points, ...figures } = cascadeOf(full, answers, seconds);
  return { ...figures, points: [...points] };
}

/** The most probable classes of each image. Of equally probable ones, the lower index comes first. */
function mostProbable({ classes, labels, probabilities }: Answers): TestPredictions {
  const kept = Math.min(KEPT_CLASSES, classes);
  const best = new Uint16Array(labels.length * kept);
  const values = new Float32Array(labels.length * kept);
  labels.forEach((_, image) => {
    const row = probabilities.subarray(image * classes, (image + 1) * classes);
    const order = Array.from(row.keys()).sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b);
    order.slice(0, kept).forEach((label, rank) => {
      best[image * kept + rank] = label;
      values[image * kept + rank] = row[label] ?? 0;
    });
  });
  return { labels, classes: best, probabilities: values };
}
