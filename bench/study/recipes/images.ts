import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { channelStatistics } from '../../../src/contract/channel-statistics.js';
import { encodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { DatasetFacts } from '../../../src/contract/spec.js';
import { UnpackBudget } from '../../../src/datasets/archive/budget.js';
import { openArchive } from '../../../src/datasets/archive/open.js';
import { decodeImage, openImage } from '../../../src/images/decode.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { pooled } from '../pool.js';

const SIDE = 32;
const CHANNELS = 3;
const MAX_FILE_BYTES = 1 << 20;
const BUDGET = { max_images: 100_000, max_unpacked_bytes: 2 ** 30 };

/** A dataset of the study: some classes of CIFAR-10, the same number of images of each. */
export interface Choice {
  readonly name: string;
  readonly side: 16 | 32;
  /** The classes from the first up to the last, which is not among them, in the order of their names. */
  readonly classes: readonly [first: number, last: number];
  readonly trainCount: number;
  readonly testCount: number;
}

/** Images by class, each 32 x 32 x 3. */
type Classes = ReadonlyMap<string, readonly Uint8Array[]>;
type Cifar = Readonly<Record<'train' | 'test', Classes>>;

/**
 * The datasets, each stored once in `home`: what is there is not read again.
 * @param file CIFAR-10 as an archive of files train/<class>/... and test/<class>/... of 32 x 32 pixels
 */
export async function storedDatasets(
  choices: readonly Choice[],
  home: string,
  blobs: BlobStore,
  file: string | null,
): Promise<Map<string, DatasetFacts>> {
  const path = join(home, 'datasets.json');
  const known = JSON.parse(await readFile(path, 'utf8').catch(() => '[]')) as DatasetFacts[];
  const found = new Map(known.map((facts) => [facts.name, facts]));
  const missing = choices.filter(({ name }) => !found.has(name));
  if (missing.length === 0) return found;
  if (file === null) throw new Error('the study needs its images: add --file cifar10-images.zip');
  const cifar = await readCifar(file);
  for (const choice of missing) found.set(choice.name, await storeChoice(choice, cifar, blobs));
  await writeFile(path, JSON.stringify([...found.values()]));
  return found;
}

async function readCifar(path: string): Promise<Cifar> {
  const splits = { train: new Map<string, Uint8Array[]>(), test: new Map<string, Uint8Array[]>() };
  const archive = await openArchive(path, new UnpackBudget(BUDGET));
  for await (const entry of archive.entries()) {
    const [split = '', label = ''] = entry.name.split('/').slice(-3);
    if (entry.kind !== 'file' || (split !== 'train' && split !== 'test')) continue;
    const image = await decodeImage(await openImage(await entry.read(MAX_FILE_BYTES)), CHANNELS);
    const own = splits[split].get(label);
    if (own) own.push(image);
    else splits[split].set(label, [image]);
  }
  return splits;
}

async function storeChoice(choice: Choice, cifar: Cifar, blobs: BlobStore): Promise<DatasetFacts> {
  const classes = [...cifar.train.keys()].toSorted().slice(...choice.classes);
  const images = {
    train: inTurn(cifar.train, classes, choice),
    test: inTurn(cifar.test, classes, { ...choice, trainCount: choice.testCount }),
  };
  const split = async (pixels: Buffer, count: number) => ({
    count,
    images: (await blobs.put(pixels)).uri,
    labels: (await blobs.put(labelsInTurn(count, classes.length))).uri,
  });
  const { uri } = await blobs.put(
    encodeManifest({
      name: choice.name,
      storage: 'pixels',
      image: factsOf(choice).image,
      classes,
      splits: {
        train: await split(images.train, choice.trainCount),
        test: await split(images.test, choice.testCount),
      },
      ...channelStatistics(images.train, CHANNELS),
    }),
  );
  return { ...factsOf(choice), classes, manifest: uri };
}

/** Facts of a dataset that is not read yet: the names of its classes stand for the real ones. */
export function factsOf({ name, side, classes, trainCount, testCount }: Choice): DatasetFacts {
  const [first, last] = classes;
  return {
    name,
    classes: Array.from({ length: last - first }, (_, index) => `class ${first + index}`),
    image: { height: side, width: side, channels: CHANNELS },
    storage: 'pixels',
    manifest: null,
    train_count: trainCount,
    test_count: testCount,
    validation_count: 0,
    augmentation: { crop_padding: side / 8, horizontal_flip: true },
  };
}

/** The first image of each class, then the second of each: any first N images are a sample of all classes. */
function inTurn(
  split: Classes,
  classes: readonly string[],
  { side, trainCount }: Pick<Choice, 'side' | 'trainCount'>,
): Buffer {
  const images = Array.from({ length: trainCount }, (_, index) => {
    const own = split.get(classes[index % classes.length]!)!;
    const image = own[Math.floor(index / classes.length)]!;
    return side === SIDE ? image : pooled(image);
  });
  return Buffer.concat(images);
}

function labelsInTurn(count: number, classes: number): Uint8Array {
  return new Uint8Array(Uint16Array.from({ length: count }, (_, index) => index % classes).buffer);
}
