import { join } from 'node:path';
import type { PicturesAssignment, PicturesSuccess } from '../../contract/batch-protocol.js';
import { encodeOffsets } from '../../contract/dataset-offsets.js';
import type { BlobStore } from '../../storage/blob-store.js';
import { sha256OfFile } from '../../storage/files.js';
import { UnpackBudget } from '../archive/budget.js';
import type { ArchiveEntry } from '../archive/entry.js';
import { isJunk, isNestedArchive } from '../archive/names.js';
import { openArchive } from '../archive/open.js';
import { ArrayFile } from '../arrays/array-file.js';
import { CountedBlobs } from '../arrays/counted-blobs.js';
import { GrowingArray } from '../arrays/growing.js';
import { hasImageName, hasOtherImageName, imageKind, MAX_IMAGE_BYTES } from '../images/kind.js';
import { ImportError } from '../problems.js';

export interface UnpackSurroundings {
  readonly blobs: BlobStore;
  /** An empty folder on the file system of the blobs, whose files may be moved away. */
  readonly folder: string;
  /** Hears after every file how many pictures there are so far. */
  onProgress(pictures: number): void;
}

/**
 * Takes the pictures out of an archive as they are: they are decoded later, so that one that is damaged does not hold up the
 * others. @throws ImportError if the archive is invalid or has no pictures
 */
export async function unpackPictures(
  { source, limits }: PicturesAssignment,
  { blobs, folder, onProgress }: UnpackSurroundings,
): Promise<PicturesSuccess> {
  const path = await blobs.localPath(source);
  const archive = await openArchive(path, new UnpackBudget(limits));
  const counted = new CountedBlobs(blobs);
  const [images, names] = [new Files(join(folder, 'images')), new Files(join(folder, 'names'))];
  const taken = new Set<string>();
  for await (const entry of archive.entries()) {
    if (entry.kind !== 'file') continue;
    const bytes = await pictureIn(entry);
    if (bytes !== null) {
      if (images.count === limits.max_images)
        throw new ImportError('archive_too_large', `there are more than ${limits.max_images} pictures`);
      if (taken.has(entry.name))
        throw new ImportError(
          'archive_damaged',
          'two files have this name, the key of their predictions',
          entry.name,
        );
      taken.add(entry.name);
      images.append(bytes);
      names.append(Buffer.from(entry.name));
    }
    onProgress(images.count);
  }
  if (images.count === 0)
    throw new ImportError('batch_without_pictures', 'the archive contains no JPEG, PNG or WebP file');
  const [stored, named] = [await images.store(counted), await names.store(counted)];
  return {
    kind: 'pictures',
    pictures: { ...stored, names: named.images, nameOffsets: named.offsets },
    count: images.count,
    sizeBytes: counted.sizeBytes,
    sha256: await sha256OfFile(path),
  };
}

/** The bytes of a file that is named like an image or is one; null for any other. An image may still be unreadable. */
async function pictureIn(entry: ArchiveEntry): Promise<Buffer | null> {
  const { name, sizeBytes } = entry;
  if (isJunk(name) || isNestedArchive(name)) return null;
  const isNamed = hasImageName(name) || hasOtherImageName(name);
  if (!isNamed && sizeBytes > MAX_IMAGE_BYTES) return null;
  const bytes = await entry.read(MAX_IMAGE_BYTES);
  return isNamed || imageKind(bytes) !== null ? bytes : null;
}

/** Files one after another in one file, with the place of each. */
class Files {
  readonly #file: ArrayFile;
  readonly #lengths = new GrowingArray((length) => new Float64Array(length));

  constructor(path: string) {
    this.#file = new ArrayFile(path);
  }

  get count(): number {
    return this.#lengths.length;
  }

  append(bytes: Uint8Array): void {
    this.#file.append(bytes);
    this.#lengths.push(bytes.length);
  }

  async store(blobs: CountedBlobs) {
    const sha256 = this.#file.close();
    const images = await blobs.adopt(this.#file.path, sha256);
    const lengths = Float64Array.from({ length: this.count }, (_, index) => this.#lengths.at(index));
    const offsets = await blobs.put(encodeOffsets(lengths));
    return { images: images.uri, offsets: offsets.uri };
  }
}
