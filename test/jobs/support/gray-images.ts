import { randomUUID } from 'node:crypto';
import { encodeManifest } from '../../../src/contract/dataset-manifest.js';
import { encodePng } from '../../../src/jobs/client/datasets/png.js';
import type { Strata } from '../../support/strata.js';

export const GRAY_IMAGE = { height: 8, width: 8, channels: 1 };

/** Every image has one gray value. */
export const grayOf = (image: number): number => (image * 37) % 256;

/** Bytes that are no image. */
const BROKEN = Buffer.from('no image');

/**
 * Inserts a dataset of PNG files, each of one gray value; all splits are the same.
 * @param isBroken whether an image cannot be read. @param classes of which all images have the first. @returns its id
 */
export async function insertGrayFiles(
  { blobs, sql }: Strata,
  count: number,
  isBroken: (image: number) => boolean = () => false,
  tenant = 'default',
  classes: readonly string[] = ['any'],
): Promise<string> {
  const pngs = Array.from({ length: 256 }, (_, gray) => encodePng(Buffer.alloc(64, gray), GRAY_IMAGE));
  const files = Array.from({ length: count }, (_, image) =>
    isBroken(image) ? BROKEN : (pngs[grayOf(image)] ?? BROKEN),
  );
  const offsets = new BigUint64Array(count + 1);
  for (const [index, file] of files.entries())
    offsets[index + 1] = (offsets[index] ?? 0n) + BigInt(file.length);
  const [images, ends, labels] = await Promise.all([
    blobs.put(Buffer.concat(files)),
    blobs.put(new Uint8Array(offsets.buffer)),
    blobs.put(new Uint8Array(2 * count)),
  ]);
  const split = { count, images: images.uri, offsets: ends.uri, labels: labels.uri };
  const name = `gray ${randomUUID().slice(0, 8)}`;
  const facts = { name, image: GRAY_IMAGE, classes, mean: [0], standard_deviation: [1] };
  const manifest = encodeManifest({ ...facts, storage: 'encoded', splits: { train: split, test: split } });
  const { uri } = await blobs.put(manifest);
  const id = `dataset_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
  await sql.query(
    `INSERT INTO dataset (id, tenant, name, built_in, state, classes, image, train_count, test_count, augmentation, problems,
       sha256)
     VALUES ($1, $7, $2, false, 'ready', $3, $4, $5, $5, '{"crop_padding": 0, "horizontal_flip": false}', '[]', $6)`,
    [id, name, JSON.stringify(classes), GRAY_IMAGE, count, uri.slice('sha256:'.length), tenant],
  );
  return id;
}
