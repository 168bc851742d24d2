import { blobsOf, decodeManifest, encodeManifest } from '../../contract/dataset-manifest.js';
import {
  type BlobUri,
  FROZEN_FEATURES,
  type TaskOutput,
  type TaskSuccess,
} from '../../contract/trainer-protocol.js';
import { storedFeatures } from '../../method/index.js';
import { prepareMnist } from '../data/index.js';
import { TrainerError } from '../errors.js';
import { Stopwatch } from '../training/index.js';
import type { TaskContext } from './context.js';
import { storeFeatures } from './inputs/frozen-features.js';

/**
 * Makes sure that the dataset of the job is available as blobs: checks an imported one, or decodes a built-in one.
 * The same data makes the same blobs, so a second run stores nothing. For a job that trains on stored features, it makes
 * these, too. @throws BlobMissingError, BlobCorruptError,
 * TrainerError dataset_unreadable, InvalidManifestError
 */
export async function prepare(context: TaskContext): Promise<TaskSuccess> {
  const { spec, dataset, inputs } = context.assignment;
  const { manifest } = dataset;
  const watch = new Stopwatch(context.now);
  const output = await watch.timeAsync('data', () =>
    manifest === null ? decodeBuiltIn(context) : findImported(context, manifest),
  );
  const features = storedFeatures(spec, dataset);
  const assignment = { ...context.assignment, inputs: { ...inputs, dataset: output.uri } };
  const stored =
    features && (await watch.timeAsync('forward', () => storeFeatures({ ...context, assignment }, features)));
  const outputs = { dataset: output, ...(stored && { [FROZEN_FEATURES]: stored }) };
  return { outputs, seconds: watch.seconds, artifacts: [], result: {} };
}

async function decodeBuiltIn({ assignment: { dataset }, blobs }: TaskContext): Promise<TaskOutput> {
  if (dataset.name !== 'mnist') {
    throw new TrainerError('invalid_assignment', `this trainer cannot prepare the dataset ${dataset.name}`);
  }
  return blobs.put(encodeManifest(await prepareMnist(dataset, blobs)));
}

async function findImported({ assignment, blobs }: TaskContext, uri: BlobUri): Promise<TaskOutput> {
  const bytes = await blobs.get(uri);
  const manifest = decodeManifest(bytes);
  const { dataset } = assignment;
  const { train, test, validation } = manifest.splits;
  const agrees =
    manifest.storage === dataset.storage &&
    manifest.classes.length === dataset.classes.length &&
    train.count === dataset.train_count &&
    test.count === dataset.test_count &&
    (validation?.count ?? 0) === dataset.validation_count;
  if (!agrees) {
    throw new TrainerError(
      'dataset_unreadable',
      `${uri} differs from the imported dataset ${dataset.name}; import it again`,
    );
  }
  // No task can make these blobs again, so a damaged or missing one is reported here, by name.
  for (const blob of blobsOf(manifest)) await blobs.localPath(blob);
  return { uri, size_bytes: bytes.length };
}
