import { availableParallelism } from 'node:os';
import type { ArchiveEntry } from '../archive/entry.js';
import { baseName } from '../archive/names.js';
import { MOST_PIXELS_A_SIDE, Samples, type SplitName } from '../arrays/samples.js';
import { type DecodedImage, type DecodeOptions, decodeImage } from '../images/decode.js';
import { hasImageName, hasOtherImageName } from '../images/kind.js';
import { ImportError } from '../problems.js';
import { ClassNames, inOrder } from './classes.js';
import type { FormatReader, ImportContext, ReadImages } from './reader.js';

const LARGEST_FILE_BYTES = 64 * 2 ** 20;
/** Of this size and beyond one image is decoded at a time. */
const LARGE_FILE_BYTES = 2 ** 20;
const MOST_AT_ONCE = 8;
/** One image in so many may be left out. */
const LEFT_OUT_OF = 100;

const SPLIT_FOLDERS: Readonly<Record<string, SplitName>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
};

/** Where an image lies: `train/<class>/...` below any folders, or `<class>/...` in a tree without splits. */
export function placeOf(path: string): { split: SplitName; className: string } | null {
  const folders = path.split('/').slice(0, -1);
  const at = folders.findIndex((folder) => Object.hasOwn(SPLIT_FOLDERS, folder.toLowerCase()));
  const className = at < 0 ? folders.at(-1) : folders[at + 1];
  if (className === undefined) return null;
  const split = at < 0 ? 'none' : SPLIT_FOLDERS[folders[at]!.toLowerCase()]!;
  return { split, className };
}

interface Pending {
  readonly name: string;
  readonly split: SplitName;
  readonly label: number;
  readonly encoded: Buffer;
  readonly decoded: Promise<DecodedImage | ImportError>;
}

/** Images as files in folders that bear their class's name. Decoding goes on in threads while the archive is read. */
export class ImageFolderReader implements FormatReader {
  readonly #samples: Samples;
  readonly #classes: ClassNames;
  readonly #pending: Pending[] = [];
  readonly #decoding: DecodeOptions;
  readonly #atOnce = Math.min(2 * availableParallelism(), MOST_AT_ONCE);
  #leftOut: { count: number; first: ImportError } | null = null;
  #taken = 0;

  constructor(private readonly context: ImportContext) {
    const { options, limits, folder } = context;
    const { height, width, channels } = options.image;
    const small = height && width && Math.max(height, width) <= MOST_PIXELS_A_SIDE;
    this.#classes = new ClassNames(limits.max_classes);
    this.#decoding = {
      channels: channels === 1 ? 1 : 3,
      maxPixels: limits.max_image_pixels,
      size: small ? { height, width } : null,
    };
    this.#samples = new Samples(folder, this.#decoding.channels);
  }

  get count(): number {
    return this.#taken;
  }

  async take(entry: ArchiveEntry): Promise<boolean> {
    const { name } = entry;
    if (!hasImageName(name) && !hasOtherImageName(name)) return false;
    const place = placeOf(name);
    if (place === null)
      throw new ImportError('dataset_format', 'an image lies in no folder; its folder names its class', name);
    this.#countOne();
    const label = this.#classes.labelOf(place.className);
    const encoded = await entry.read(LARGEST_FILE_BYTES);
    await this.#makeRoom(encoded.length);
    const decoded = decodeImage(encoded, baseName(name), this.#decoding).catch((error: unknown) => {
      if (error instanceof ImportError) return error;
      throw error;
    });
    // Awaited in turn; one that fails meanwhile must not end the process.
    decoded.catch(() => undefined);
    this.#pending.push({ name, split: place.split, label, encoded, decoded });
    return true;
  }

  async finish(): Promise<ReadImages> {
    while (this.#pending.length > 0) await this.#settleOldest();
    const left = this.#leftOut;
    if (left !== null && left.count * LEFT_OUT_OF > this.#taken) {
      const message = `${left.count} of ${this.#taken} images cannot be used, this one for example: ${left.first.message}; mend or remove them (up to one in ${LEFT_OUT_OF} is left out)`;
      throw new ImportError(left.first.code, message, left.first.file);
    }
    return { samples: this.#samples, ...inOrder(this.#classes.names) };
  }

  #countOne(): void {
    this.#taken += 1;
    const { max_images: most } = this.context.limits;
    if (this.#taken > most) throw new ImportError('dataset_too_large', `there are more than ${most} images`);
  }

  async #makeRoom(bytes: number): Promise<void> {
    const most = bytes >= LARGE_FILE_BYTES ? 0 : this.#atOnce - 1;
    while (this.#pending.length > most) await this.#settleOldest();
  }

  async #settleOldest(): Promise<void> {
    const { name, split, label, encoded, decoded } = this.#pending.shift()!;
    const image = await decoded;
    if (image instanceof ImportError) return this.#leaveOut(image, name);
    // Scaled, its file is of no more use.
    this.#samples.add({ ...image, name, split, label, encoded: this.#decoding.size ? null : encoded });
  }

  #leaveOut({ code, message }: ImportError, name: string): void {
    this.context.problems.warn(code, message, name);
    this.#leftOut ??= { count: 0, first: new ImportError(code, message, name) };
    this.#leftOut.count += 1;
  }
}
