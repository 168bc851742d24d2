import { gzipSync } from 'node:zlib';
import { makeIdx, makeNpy, makeNpz, rawImages } from './arrays.js';
import { imageFolder, makeImage, type NamedFile } from './images.js';
import { makeTar } from './tar.js';
import { makeZip, type ZipFile } from './zip.js';

/** Limits under which the table below is refused: small, so that bombs are cheap to make. */
export const HOSTILE_SETTINGS = {
  STRATA_IMAGE_LIMIT: '100',
  STRATA_CLASS_LIMIT: '10',
  STRATA_IMAGE_PIXELS: '1000000',
  STRATA_UNPACK_LIMIT: '50000000',
};

export interface HostileUpload {
  readonly what: string;
  readonly file: Buffer;
  readonly fields?: Readonly<Record<string, string>>;
  /** Code from docs/errors.md. */
  readonly code: string;
  /** In the message of the first problem. */
  readonly says: RegExp;
}

const X = Buffer.from('x');
const MEGABYTE = 2 ** 20;
const SYMLINK = 0o120777;
const DEVICE = 0o020644;

/** Good images first: what is wrong must be seen wherever it lies. */
async function zips(good: readonly NamedFile[]): Promise<HostileUpload[]> {
  const zip = (...bad: ZipFile[]) => makeZip([...good, ...bad]);
  const named = (name: string) => zip({ name, bytes: X });
  const unsafe = (what: string, file: Buffer, says: RegExp) => ({ what, file, code: 'archive_unsafe', says });
  const zeros = (megabytes: number, name: string) => ({
    name,
    bytes: Buffer.alloc(megabytes * MEGABYTE),
    deflate: true,
  });
  const noise = rawImages(1, 2_000);
  const many = Array.from({ length: 10_200 }, (_, index) => ({ name: `notes/${index}.txt` }));
  const whole = zip();
  return [
    unsafe('zip: a name that climbs', named('../../etc/cron.d/x'), /\.\./),
    unsafe('zip: a name that climbs in the middle', named('train/a/../../../x.png'), /\.\./),
    unsafe('zip: an absolute name', named('/etc/passwd'), /absolute/),
    unsafe('zip: backslashes that climb', named('..\\..\\x.png'), /\.\./),
    unsafe('zip: a drive letter', named('C:/x.png'), /drive letter/),
    unsafe('zip: NUL in a name', named('train/a/x.png\0.exe'), /NUL/),
    unsafe('zip: a name of 4,000 characters', named(`train/${'a'.repeat(4_000)}/x.png`), /4010|characters/),
    unsafe('zip: forty folders deep', named(`${'a/'.repeat(40)}x.png`), /deep/),
    unsafe(
      'zip: a symbolic link',
      zip({ name: 'train/a/x.png', bytes: Buffer.from('/etc/passwd'), mode: SYMLINK }),
      /link/,
    ),
    unsafe('zip: a device', zip({ name: 'train/a/x.png', mode: DEVICE }), /device/),
    unsafe('zip: a password', zip({ name: 'train/a/x.png', bytes: X, encrypted: true }), /encrypted/),
    unsafe('zip: entries that overlap', zip({ name: 'train/a/x.png', bytes: X, offset: 0 }), /overlap/),
    {
      what: 'zip: a method that is not deflate',
      file: zip({ name: 'x.txt', bytes: X, method: 12 }),
      code: 'archive_damaged',
      says: /method 12/,
    },
    {
      what: 'zip: a bomb by ratio',
      file: zip(zeros(32, 'train/a/x.png')),
      code: 'archive_too_large',
      says: /times/,
    },
    {
      what: 'zip: a bomb by total size',
      file: zip(...[1, 2, 3, 4, 5, 6].map((n) => zeros(10, `x${n}.txt`))),
      code: 'archive_too_large',
      says: /unpacks to more than 50000000 bytes/,
    },
    {
      what: 'zip: a bomb by count',
      file: makeZip(many),
      code: 'archive_too_large',
      says: /more than 10100 entries/,
    },
    {
      what: 'zip: more bytes than declared',
      file: zip({ name: 'train/a/x.png', bytes: noise, deflate: true, declaredSize: 1_999 }),
      code: 'archive_damaged',
      says: /./,
    },
    {
      what: 'zip: fewer bytes than declared',
      file: zip({ name: 'train/a/x.png', bytes: noise, deflate: true, declaredSize: 2_001 }),
      code: 'archive_damaged',
      says: /size that the archive declares/,
    },
    {
      what: 'zip: stored bytes that are not as many',
      file: zip({ name: 'train/a/x.png', bytes: noise, declaredSize: 10 }),
      code: 'archive_damaged',
      says: /size that the archive declares/,
    },
    {
      what: 'zip: another checksum',
      file: zip({ name: 'train/a/x.png', bytes: noise, declaredCrc: 1 }),
      code: 'archive_damaged',
      says: /checksum/,
    },
    {
      what: 'zip: cut short',
      file: whole.subarray(0, whole.length - 40),
      code: 'archive_damaged',
      says: /cannot be read/,
    },
    {
      what: 'zip: its beginning alone',
      file: whole.subarray(0, 200),
      code: 'archive_damaged',
      says: /cannot be read/,
    },
    { what: 'zip: empty', file: makeZip([]), code: 'dataset_format', says: /no image/ },
    {
      what: 'zip: archives within',
      file: makeZip([
        { name: 'train.zip', bytes: whole },
        { name: 'test.tar.gz', bytes: X },
      ]),
      code: 'dataset_format',
      says: /no image/,
    },
  ];
}

async function tars(good: readonly NamedFile[]): Promise<HostileUpload[]> {
  const unsafe = async (what: string, says: RegExp, entry: Parameters<typeof makeTar>[0][number]) => {
    return { what, file: await makeTar([...good, entry]), code: 'archive_unsafe', says };
  };
  const whole = await makeTar(good, true);
  const plain = await makeTar(good);
  const header = Buffer.from(plain);
  header.write('9', 100);
  return [
    await unsafe('tar: a name that climbs', /\.\./, { name: '../x.png', bytes: X }),
    await unsafe('tar: an absolute name', /absolute/, { name: '/tmp/x.png', bytes: X }),
    await unsafe('tar: a name of 4,000 characters', /characters/, {
      name: `train/${'a'.repeat(4_000)}.png`,
      bytes: X,
    }),
    await unsafe('tar: a symbolic link', /symlink/, {
      name: 'train/a/x.png',
      type: 'symlink',
      linkname: '/etc/passwd',
    }),
    await unsafe('tar: a hard link', /link/, {
      name: 'train/a/x.png',
      type: 'link',
      linkname: '/etc/passwd',
    }),
    await unsafe('tar: a device', /character-device/, { name: 'train/a/x.png', type: 'character-device' }),
    await unsafe('tar: a pipe', /fifo/, { name: 'train/a/x.png', type: 'fifo' }),
    {
      what: 'tar.gz: cut short',
      file: whole.subarray(0, whole.length / 2),
      code: 'archive_damaged',
      says: /cannot be read/,
    },
    {
      what: 'tar: cut short',
      file: plain.subarray(0, plain.length / 2 - 100),
      code: 'archive_damaged',
      says: /cannot be read|cut short/,
    },
    {
      what: 'tar: a header that is not its checksum’s',
      file: header,
      code: 'archive_damaged',
      says: /cannot be read/,
    },
    {
      what: 'tar.gz: a bomb by ratio',
      file: await makeTar([{ name: 'x.txt', bytes: Buffer.alloc(32 * MEGABYTE) }], true),
      code: 'archive_too_large',
      says: /times/,
    },
  ];
}

const OTHERS: readonly (readonly [string, Buffer, RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /empty/],
  ['a text', Buffer.from('hello, world'), /not a known archive/],
  ['a 7z archive', Buffer.from('7z\xbc\xaf\x27\x1c rest', 'latin1'), /7z/],
  ['a rar archive', Buffer.from('Rar!\x1a\x07 rest', 'latin1'), /rar/],
  ['an xz file', Buffer.from('\xfd7zXZ\0 rest', 'latin1'), /xz/],
  ['gzip without tar', gzipSync(Buffer.from('hello')), /no tar/],
];

async function folders(good: readonly NamedFile[]): Promise<HostileUpload[]> {
  const png = await makeImage(200);
  const huge = Buffer.from(png);
  huge.writeUInt32BE(60_000, 16);
  huge.writeUInt32BE(60_000, 20);
  const add = (name: string, bytes: Buffer) => makeZip([...good, { name, bytes }]);
  const folder = async (...where: Parameters<typeof imageFolder>) => makeZip(await imageFolder(...where));
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>');
  const incomplete = (what: string, file: Buffer, says: RegExp) => ({
    what,
    file,
    code: 'dataset_incomplete',
    says,
  });
  return [
    incomplete('one class', await folder(['train', 'test'], ['a'], 2), /only one class/),
    incomplete('a class without test images', add('train/c/1.png', png), /for testing: c/),
    incomplete('a class without training images', add('test/c/1.png', png), /for training: c/),
    {
      what: 'an image of 60,000 x 60,000',
      file: add('train/a/x.png', huge),
      code: 'image_too_large',
      says: /60000x60000/,
    },
    { what: 'an SVG called PNG', file: add('train/a/x.png', svg), code: 'image_unsupported', says: /SVG/ },
    {
      what: 'a GIF called JPEG',
      file: add('train/a/x.jpg', Buffer.from('GIF89a....')),
      code: 'image_unsupported',
      says: /GIF/,
    },
    {
      what: 'a TIFF',
      file: add('train/a/x.tiff', Buffer.from('II*\0....')),
      code: 'image_unsupported',
      says: /TIFF/,
    },
    {
      what: 'an image that is cut short',
      file: add('train/a/x.png', png.subarray(0, 60)),
      code: 'image_unreadable',
      says: /cannot be decoded/,
    },
    {
      what: 'an empty image',
      file: add('train/a/x.png', Buffer.alloc(0)),
      code: 'image_unsupported',
      says: /empty file/,
    },
    {
      what: 'an image without a class',
      file: add('x.png', png),
      code: 'dataset_format',
      says: /the name of its folder is its class/,
    },
    {
      what: 'images in and beside splits',
      file: add('c/x.png', png),
      code: 'dataset_format',
      says: /in neither/,
    },
    {
      what: 'no images',
      file: makeZip([{ name: 'a/readme.md', bytes: X }]),
      code: 'dataset_format',
      says: /no image/,
    },
    {
      what: 'too many classes',
      file: await folder(['train'], [...'abcdefghijk'], 1),
      code: 'dataset_too_large',
      says: /more than 10 classes/,
    },
    {
      what: 'too many images',
      file: await folder(['train', 'test'], ['a', 'b'], 26),
      code: 'dataset_too_large',
      says: /more than 100 images/,
    },
    {
      what: 'a share beside a test split',
      file: makeZip(good),
      fields: { test_share: '0.5' },
      code: 'dataset_format',
      says: /test_share/,
    },
  ];
}

function idxFiles(changes: Readonly<Record<string, Buffer | null>>): Buffer {
  const files: Record<string, Buffer | null> = {
    'train-images': makeIdx([4, 2, 2], rawImages(4, 4)),
    'train-labels': makeIdx([4], Uint8Array.of(0, 1, 0, 1)),
    't10k-images': makeIdx([2, 2, 2], rawImages(2, 4, 50)),
    't10k-labels': makeIdx([2], Uint8Array.of(0, 1)),
    ...changes,
  };
  const present = Object.entries(files).filter((entry): entry is [string, Buffer] => entry[1] !== null);
  return makeZip(
    present.map(([name, bytes]) => ({
      name: `${name}-idx${name.endsWith('s') && name.includes('labels') ? 1 : 3}-ubyte`,
      bytes,
    })),
  );
}

function arrays(): HostileUpload[] {
  const x = makeNpy('|u1', [4, 2, 2], rawImages(4, 4));
  const y = makeNpy('|u1', [4], Uint8Array.of(0, 1, 0, 1));
  const invalid = (what: string, file: Buffer, says: RegExp) => ({ what, file, code: 'array_invalid', says });
  const objects = makeNpy('|O', [4], Buffer.from('\x80\x02cposix\nsystem\n', 'latin1'));
  return [
    invalid(
      'idx: more than it holds',
      idxFiles({ 'train-images': makeIdx([4_000_000, 2, 2], rawImages(4, 4)) }),
      /4000000x2x2/,
    ),
    invalid(
      'idx: sides beyond all numbers',
      idxFiles({ 'train-images': makeIdx([0xffff_ffff, 0xffff_ffff, 0xffff_ffff], rawImages(4, 4)) }),
      /header declares/,
    ),
    invalid(
      'idx: labels that are fewer',
      idxFiles({ 'train-labels': makeIdx([3], Uint8Array.of(0, 1, 0)) }),
      /4 images, but 3 labels/,
    ),
    invalid('idx: no idx', idxFiles({ 'train-images': Buffer.from('hello, world') }), /not an idx file/),
    {
      what: 'idx: a missing file',
      file: idxFiles({ 't10k-labels': null }),
      code: 'dataset_incomplete',
      says: /test-labels/,
    },
    {
      what: 'npz: objects',
      file: makeNpz({ x_train: x, y_train: objects }),
      code: 'pickle_unsafe',
      says: /objects/,
    },
    invalid(
      'npz: numbers that are no bytes',
      makeNpz({ x_train: makeNpy('<f4', [4, 2, 2], Buffer.alloc(64)), y_train: y }),
      /uint8/,
    ),
    invalid(
      'npz: more than it holds',
      makeNpz({ x_train: makeNpy('|u1', [4_000, 2, 2], rawImages(4, 4)), y_train: y }),
      /4000x2x2/,
    ),
    invalid(
      'npz: Fortran order',
      makeNpz({ x_train: makeNpy('|u1', [4, 2, 2], rawImages(4, 4), true), y_train: y }),
      /Fortran/,
    ),
    invalid(
      'npz: a label below 0',
      makeNpz({ x_train: x, y_train: makeNpy('|i1', [4], Uint8Array.of(0, 255, 0, 1)) }),
      /label 1 is -1/,
    ),
    invalid(
      'npz: two labels an image',
      makeNpz({ x_train: x, y_train: makeNpy('|u1', [4, 2], rawImages(4, 2)) }),
      /one whole number per image/,
    ),
    {
      what: 'npz: no labels',
      file: makeNpz({ x_train: x }),
      code: 'dataset_incomplete',
      says: /train-labels/,
    },
    {
      what: 'npz: a size to be scaled to',
      file: makeNpz({ x_train: x, y_train: y }),
      fields: { image: '{"channels": 1}' },
      code: 'dataset_format',
      says: /image folders/,
    },
    {
      what: 'npz: by name, images in truth',
      file: makeZip([{ name: 'a/x.png', bytes: X }]),
      fields: { format: 'npz' },
      code: 'dataset_incomplete',
      says: /train-images/,
    },
  ];
}

async function cifars(): Promise<HostileUpload[]> {
  const batch = async (bytes: Buffer, name = 'data_batch_1') =>
    makeTar([{ name: `cifar-10-batches-py/${name}`, bytes }], true);
  const pickle = (text: string) => batch(Buffer.from(text, 'latin1'));
  const unsafe = async (what: string, text: string, says: RegExp) => ({
    what,
    file: await pickle(text),
    code: 'pickle_unsafe',
    says,
  });
  return [
    await unsafe('pickle: a command', '\x80\x02cposix\nsystem\nU\x04trueq\x00\x85R.', /posix\.system/),
    await unsafe(
      'pickle: a function by its name',
      '\x80\x04\x8c\x08builtins\x8c\x04eval\x93.',
      /builtins\.eval/,
    ),
    await unsafe('pickle: an instance', '(iposix\nsystem\n.', /0x69/),
    await unsafe('pickle: an extension', '\x80\x02\x82\x01.', /0x82/),
    {
      what: 'pickle: cut short',
      file: await pickle('\x80\x02}q\x00(U\x04data'),
      code: 'array_invalid',
      says: /malformed|cut short/,
    },
    {
      what: 'pickle: no dictionary',
      file: await pickle('\x80\x02]q\x00.'),
      code: 'array_invalid',
      says: /dictionary/,
    },
    {
      what: 'CIFAR: half a record',
      file: await batch(Buffer.alloc(3_073 + 100), 'data_batch_1.bin'),
      code: 'array_invalid',
      says: /not a multiple of/,
    },
    {
      what: 'CIFAR: a label beyond the classes',
      file: await batch(Buffer.alloc(3_073, 200), 'data_batch_1.bin'),
      code: 'array_invalid',
      says: /label is 200/,
    },
  ];
}

export async function hostileUploads(): Promise<HostileUpload[]> {
  const good = await imageFolder(['train', 'test'], ['a', 'b'], 2);
  const others = OTHERS.map(([what, file, says]) => ({ what, file, code: 'archive_unknown', says }));
  return [
    ...(await zips(good)),
    ...(await tars(good)),
    ...others,
    ...(await folders(good)),
    ...arrays(),
    ...(await cifars()),
  ];
}
