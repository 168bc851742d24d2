import { Bytes, malformed, Name, NumberArray, NumberType, plain } from './values.js';

/** Stands for a function that a pickle asks to call; the function itself is never called. */
type Call = (args: readonly unknown[], surroundings: Surroundings) => unknown;

export interface Surroundings {
  readonly file: string;
  /** Counts bytes that are made of others. @throws ImportError beyond the budget */
  charge(bytes: number): void;
}

const emptyArray: Call = () => new NumberArray();

/** A single number, as NumPy writes each of a list of labels. */
const scalar: Call = ([type, bytes], { file }) => {
  if (!(type instanceof NumberType) || !type.isKnown || !(bytes instanceof Bytes)) throw malformed(file);
  return type.read(bytes.bytes, 0);
};

/** Arrays by protocol 5: their bytes, type, shape, and `C` or `F`. */
const fromBuffer: Call = ([bytes, type, shape, order], { file }) =>
  fillArray(new NumberArray(), { shape, type, bytes, isFortran: plain(order) === 'F' }, file);

/** Bytes by protocols that have none: each is a character of Latin-1. */
const encode: Call = ([text, encoding], { file, charge }) => {
  if (typeof text !== 'string' || !['latin1', 'latin-1'].includes(String(textOf(encoding, file))))
    throw malformed(file);
  charge(text.length);
  return new Bytes(Buffer.from(text, 'latin1'));
};

const bytesOf: Call = (args, surroundings) => {
  if (args.length === 0) return new Bytes(Buffer.alloc(0));
  return args.length === 1 && args[0] instanceof Bytes ? args[0] : encode(args, surroundings);
};

const type: Call = ([name], { file }) => new NumberType(textOf(name, file).replace(/^[|<>=]/, ''));

/** By module and name, as Python 2 and 3 and NumPy 1 and 2 write them. */
const CALLS: Readonly<Record<string, Call>> = {
  'numpy.core.multiarray _reconstruct': emptyArray,
  'numpy._core.multiarray _reconstruct': emptyArray,
  'numpy.core.multiarray scalar': scalar,
  'numpy._core.multiarray scalar': scalar,
  'numpy.core.numeric _frombuffer': fromBuffer,
  'numpy._core.numeric _frombuffer': fromBuffer,
  'numpy dtype': type,
  '_codecs encode': encode,
  '__builtin__ bytes': bytesOf,
  'builtins bytes': bytesOf,
  '__builtin__ bytearray': bytesOf,
  'builtins bytearray': bytesOf,
};

/** Named as the kind of array to make. */
const ARRAY_KIND = 'numpy ndarray';

export const isAllowed = (path: string): boolean => path === ARRAY_KIND || Object.hasOwn(CALLS, path);

/** @throws ImportError array_invalid */
export function makeOf(maker: unknown, args: unknown, surroundings: Surroundings): unknown {
  const call = maker instanceof Name && Object.hasOwn(CALLS, maker.path) ? CALLS[maker.path] : undefined;
  if (call === undefined || !Array.isArray(args)) throw malformed(surroundings.file);
  return call(args, surroundings);
}

/** Gives an array or a type what a pickle says of it after it was made. @throws ImportError array_invalid */
export function fill(target: unknown, state: unknown, file: string): void {
  if (!Array.isArray(state)) throw malformed(file);
  if (target instanceof NumberType) {
    const [, order, ofWhat, names, fields] = state as unknown[];
    // Numbers alone: of one that holds others the shape is of no use here.
    if ([ofWhat, names, fields].some((part) => part !== null)) throw malformed(file);
    target.isBigEndian = plain(order) === '>';
  } else if (target instanceof NumberArray) {
    const [, shape, numberType, isFortran, bytes] = state as unknown[];
    fillArray(
      target,
      { shape, type: numberType, bytes, isFortran: isFortran === true || isFortran === 1 },
      file,
    );
  } else throw malformed(file);
}

interface ArrayState {
  readonly shape: unknown;
  readonly type: unknown;
  readonly bytes: unknown;
  readonly isFortran: boolean;
}

function fillArray(
  target: NumberArray,
  { shape, type: numberType, bytes, isFortran }: ArrayState,
  file: string,
) {
  const isShape = Array.isArray(shape) && shape.every((side) => Number.isSafeInteger(side) && side >= 0);
  if (!isShape || !(numberType instanceof NumberType) || !numberType.isKnown || !(bytes instanceof Bytes))
    throw malformed(file);
  const items = (shape as number[]).reduce((product, side) => product * side, 1);
  if (items * numberType.itemBytes !== bytes.bytes.length) throw malformed(file);
  return Object.assign(target, { shape, type: numberType, bytes: bytes.bytes, isFortran });
}

/** Only texts: of anything else, a few bytes of a pickle may say more than there is memory for. */
function textOf(value: unknown, file: string): string {
  const text = plain(value);
  if (typeof text !== 'string') throw malformed(file);
  return text;
}
