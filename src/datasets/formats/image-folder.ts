import { availableParallelism } from 'node:os';
import type { ArchiveEntry } from '../archive/entry.js';
import { baseName, folderOf } from '../archive/names.js';
import { MAX_PIXELS_A_SIDE, Samples, type SplitName } from '../arrays/samples.js';
import { type DecodedImage, type DecodeOptions, decodeImage } from '../images/decode.js';
import { hasImageName, hasOtherImageName, imageKind, MAX_IMAGE_BYTES } from '../images/kind.js';
import { isMetadata, MAX_METADATA_BYTES, Metadata } from '../metadata/metadata.js';
import { ImportError } from '../problems.js';
import { ClassNames, inOrder } from './classes.js';
import { type Place, placeOf } from './layout.js';
import type { FormatReader, ImportContext, ReadImages } from './reader.js';

/** Images of this size or more are decoded one at a time. */
const LARGE_FILE_BYTES = 2 ** 20;
const MAX_AT_ONCE = 8;
/** At most one in this many images may be skipped. */
const LEFT_OUT_OF = 100;

interface Pending {
  readonly name: string;
  readonly split: SplitName;
  readonly label: number;
  readonly encoded: Buffer;
  readonly decoded: Promise<DecodedImage | ImportError>;
}

/** Image files in folders that are named after their class. Threads decode images while the archive is read. */
export class ImageFolderReader implements FormatReader {
  readonly #samples: Samples;
  readonly #metadata: Metadata;
  readonly #classes: ClassNames;
  readonly #pending: Pending[] = [];
  readonly #decoding: DecodeOptions;
  readonly #atOnce = Math.min(2 * availableParallelism(), MAX_AT_ONCE);
  #leftOut: { count: number; first: ImportError } | null = null;
  #taken = 0;
  /** Folders of classes that hold an image. */
  readonly #filled = new Set<string>();
  /** Images in folders below that of their class. */
  readonly #below = { count: 0, first: '' };

  constructor(private readonly context: ImportContext) {
    const { options, limits, folder } = context;
    const { height, width, channels } = options.image;
    const small = height && width && Math.max(height, width) <= MAX_PIXELS_A_SIDE;
    this.#classes = new ClassNames(limits.max_classes);
    this.#decoding = {
      channels: channels === 1 ? 1 : 3,
      maxPixels: limits.max_image_pixels,
      size: small ? { height, width } : null,
    };
    this.#samples = new Samples(folder, this.#decoding.channels);
    this.#metadata = new Metadata(limits.max_images, context.problems);
  }

  get count(): number {
    return this.#taken;
  }

  async take(entry: ArchiveEntry): Promise<boolean> {
    const { name } = entry;
    if (isMetadata(name)) return this.#takeMetadata(entry);
    const isNamed = hasImageName(name) || hasOtherImageName(name);
    if (!isNamed && entry.sizeBytes > MAX_IMAGE_BYTES) return false;
    const place = this.#placeOf(name);
    // A file of another name is an image if its bytes say so.
    if (place === null && isNamed) return this.#leaveOutside(name);
    const encoded = await entry.read(MAX_IMAGE_BYTES);
    if (!isNamed && imageKind(encoded) === null) return false;
    if (place === null) return this.#leaveOutside(name);
    await this.#begin(name, place, encoded);
    return true;
  }

  async #takeMetadata(entry: ArchiveEntry): Promise<true> {
    this.#metadata.add(entry.name, await entry.read(MAX_METADATA_BYTES));
    return true;
  }

  #placeOf(name: string): Place | null {
    return placeOf(this.context.survey.layout, name);
  }

  /** @throws ImportError where it was not said which folders are meant */
  #leaveOutside(name: string): true {
    const { options, problems } = this.context;
    if (options.layout === 'auto' && options.root === null)
      throw new ImportError(
        'dataset_format',
        'an image is in no class folder, and the name of its folder is its class. Move it, or send `layout` or `root` to leave it out',
        name,
      );
    this.#metadata.leaveOut(name);
    problems.leaveOut('images outside of the folders that `layout` and `root` name', name);
    return true;
  }

  async #begin(name: string, { split, className, below }: Place, encoded: Buffer): Promise<void> {
    this.#countOne();
    const label = this.#classes.labelOf(className);
    this.#filled.add(classFolder(folderOf(name), below));
    if (below > 0 && split === 'none' && this.#below.count++ === 0) this.#below.first = name;
    await this.#makeRoom(encoded.length);
    const decoded = decodeImage(encoded, baseName(name), this.#decoding).catch((error: unknown) => {
      if (error instanceof ImportError) return error;
      throw error;
    });
    // The promise is awaited later. Until then a rejection must not end the process.
    decoded.catch(() => undefined);
    this.#pending.push({ name, split, label, encoded, decoded });
  }

  async finish(): Promise<ReadImages> {
    while (this.#pending.length > 0) await this.#settleOldest();
    const left = this.#leftOut;
    if (left !== null && left.count * LEFT_OUT_OF > this.#taken) {
      const message = `${left.count} of ${this.#taken} images cannot be used. The first one: ${left.first.message}. Fix or remove them; only up to 1 in ${LEFT_OUT_OF} images may be skipped`;
      throw new ImportError(left.first.code, message, left.first.file);
    }
    if (this.#taken === 0) throw noImages();
    this.#tellOfFolders();
    const classes = inOrder(this.#classes.names, this.context.options.class_order);
    return { samples: this.#samples, ...classes, metadata: this.#metadata.of(this.#samples) };
  }

  #tellOfFolders(): void {
    const { problems, survey } = this.context;
    const { count, first } = this.#below;
    if (count > 0)
      problems.warn(
        'folders_merged',
        `${count} images lie below the folder of their class; the class is the first folder of ${first}`,
        first,
      );
    for (const [one, other] of this.#classes.spellings)
      problems.warn('names_merged', `the class ${one} is spelled in two ways in Unicode`, other);
    for (const folder of survey.folders) {
      const place = placeOf(survey.layout, `${folder}/`);
      if (place?.below === 0 && !this.#filled.has(folder))
        problems.leaveOut('folders of classes that hold no images', folder);
    }
  }

  #countOne(): void {
    this.#taken += 1;
    const { max_images: max } = this.context.limits;
    if (this.#taken > max) throw new ImportError('dataset_too_large', `there are more than ${max} images`);
  }

  async #makeRoom(bytes: number): Promise<void> {
    const max = bytes >= LARGE_FILE_BYTES ? 0 : this.#atOnce - 1;
    while (this.#pending.length > max) await this.#settleOldest();
  }

  async #settleOldest(): Promise<void> {
    const { name, split, label, encoded, decoded } = this.#pending.shift()!;
    const image = await decoded;
    if (image instanceof ImportError) return this.#leaveOut(image, name);
    // After scaling, the original file is not needed any more.
    this.#samples.add({ ...image, name, split, label, encoded: this.#decoding.size ? null : encoded });
  }

  #leaveOut({ code, message }: ImportError, name: string): void {
    this.context.problems.warn(code, message, name);
    this.#metadata.leaveOut(name);
    this.#leftOut ??= { count: 0, first: new ImportError(code, message, name) };
    this.#leftOut.count += 1;
  }
}

/** The folder that lies so many above another. */
function classFolder(folder: string, above: number): string {
  return above === 0 ? folder : folder.split('/').slice(0, -above).join('/');
}

function noImages(): ImportError {
  return new ImportError(
    'dataset_format',
    'the archive contains no image folders, no CIFAR or MNIST files and no NumPy arrays',
  );
}
