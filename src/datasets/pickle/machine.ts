import { ImportError } from '../problems.js';
import { Bytes, MARK, Name, NumberArray, NumberType, plain } from './values.js';

const ARRAY_MAKERS = ['numpy.core.multiarray _reconstruct', 'numpy._core.multiarray _reconstruct'];
const ALLOWED = [...ARRAY_MAKERS, 'numpy ndarray', 'numpy dtype'];
const MOST_VALUES = 5_000_000;
const LONGEST_NAME = 200;

/** Interprets the opcodes of Python's pickletools (protocols 2 to 5) that plain data and arrays need. */
export class PickleMachine {
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #at = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly file: string,
  ) {}

  run(): unknown {
    for (let step = 0; step < MOST_VALUES; step++) {
      const opcode = String.fromCharCode(this.#byte());
      if (opcode === '.') return plain(this.#pop());
      this.#perform(opcode);
    }
    return this.#refuse('array_invalid', `the pickle has more than ${MOST_VALUES} steps`);
  }

  #perform(opcode: string): void {
    const value = this.#literal(opcode);
    if (value !== undefined) this.#stack.push(value);
    else if (!this.#remember(opcode) && !this.#collect(opcode) && !this.#build(opcode)) {
      const code = opcode.charCodeAt(0).toString(16).padStart(2, '0');
      this.#refuse(
        'pickle_unsafe',
        `the pickle contains the instruction 0x${code}, which plain data does not need`,
      );
    }
  }

  #literal(opcode: string): unknown {
    switch (opcode) {
      case 'N':
        return null;
      case '\x88':
        return true;
      case '\x89':
        return false;
      case 'K':
        return this.#byte();
      case 'M':
        return this.#take(2).readUInt16LE();
      case 'J':
        return this.#take(4).readInt32LE();
      case '\x8a':
        return this.#long();
      case 'G':
        return this.#take(8).readDoubleBE();
      case 'U':
      case 'C':
        return new Bytes(this.#take(this.#byte()));
      case 'T':
      case 'B':
        return new Bytes(this.#take(this.#take(4).readUInt32LE()));
      case '\x8e':
        return new Bytes(this.#take(Number(this.#take(8).readBigUInt64LE())));
      case '\x8c':
        return this.#take(this.#byte()).toString();
      case 'X':
        return this.#take(this.#take(4).readUInt32LE()).toString();
      case '}':
        return new Map();
      case ']':
      case ')':
        return [];
      case '(':
        return MARK;
      default:
        return undefined;
    }
  }

  #remember(opcode: string): boolean {
    const top = () => this.#stack.at(-1);
    if (opcode === 'q') this.#memo.set(this.#byte(), top());
    else if (opcode === 'r') this.#memo.set(this.#take(4).readUInt32LE(), top());
    else if (opcode === '\x94') this.#memo.set(this.#memo.size, top());
    else if (opcode === 'h') this.#stack.push(this.#recall(this.#byte()));
    else if (opcode === 'j') this.#stack.push(this.#recall(this.#take(4).readUInt32LE()));
    else if (opcode === '\x80') this.#byte();
    else if (opcode === '\x95') this.#take(8);
    else return false;
    return true;
  }

  #collect(opcode: string): boolean {
    const last = (count: number) =>
      this.#stack.push(Array.from({ length: count }, () => this.#pop()).reverse());
    if (opcode === '\x85') last(1);
    else if (opcode === '\x86') last(2);
    else if (opcode === '\x87') last(3);
    else if (opcode === 't') this.#stack.push(this.#sinceMark());
    else if (opcode === 'a') this.#extend([this.#pop()]);
    else if (opcode === 'e') this.#extend(this.#sinceMark());
    else if (opcode === 's') this.#assign([this.#pop(), this.#pop()].reverse());
    else if (opcode === 'u') this.#assign(this.#sinceMark());
    else return false;
    return true;
  }

  #build(opcode: string): boolean {
    if (opcode === 'c') this.#stack.push(this.#name(this.#line(), this.#line()));
    else if (opcode === '\x93') {
      const [name, module] = [plain(this.#pop()), plain(this.#pop())];
      this.#stack.push(this.#name(String(module), String(name)));
    } else if (opcode === 'R') this.#make();
    else if (opcode === 'b') this.#fill();
    else return false;
    return true;
  }

  #name(module: string, name: string): Name {
    const path = `${module} ${name}`;
    if (ALLOWED.includes(path)) return new Name(path);
    return this.#refuse(
      'pickle_unsafe',
      `the pickle refers to ${module}.${name}; only NumPy arrays are allowed`,
    );
  }

  /** Executes the two calls in the pickle of an array. */
  #make(): void {
    const [args, maker] = [this.#pop(), this.#pop()];
    if (!(maker instanceof Name) || !Array.isArray(args)) throw this.#malformed();
    if (ARRAY_MAKERS.includes(maker.path)) this.#stack.push(new NumberArray());
    else if (maker.path === 'numpy dtype') this.#stack.push(new NumberType(String(plain(args[0]))));
    else throw this.#malformed();
  }

  #fill(): void {
    const state = this.#pop();
    const target = this.#stack.at(-1);
    // The state of a type is its byte order. One-byte numbers have none.
    if (target instanceof NumberType) return;
    if (!(target instanceof NumberArray) || !Array.isArray(state)) throw this.#malformed();
    const [, shape, type, isFortran, bytes] = state as unknown[];
    const sides = Array.isArray(shape) ? shape.map(Number) : [];
    if (!(type instanceof NumberType) || !(bytes instanceof Bytes) || isFortran) throw this.#malformed();
    const items = sides.reduce((product, side) => product * side, 1);
    if (items !== bytes.bytes.length / Number(/\d+$/.exec(type.name)?.[0] ?? 0)) throw this.#malformed();
    Object.assign(target, { shape: sides, type: type.name, bytes: bytes.bytes });
  }

  #extend(values: readonly unknown[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw this.#malformed();
    for (const value of values) list.push(plain(value));
  }

  #assign(pairs: readonly unknown[]): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map) || pairs.length % 2 !== 0) throw this.#malformed();
    for (let index = 0; index < pairs.length; index += 2)
      map.set(plain(pairs[index]), plain(pairs[index + 1]));
  }

  #sinceMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#malformed();
    const values = this.#stack.splice(mark);
    return values.slice(1);
  }

  #pop(): unknown {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#malformed();
    return value;
  }

  #recall(key: number): unknown {
    if (!this.#memo.has(key)) throw this.#malformed();
    return this.#memo.get(key);
  }

  #long(): number {
    const bytes = this.#take(this.#byte());
    if (bytes.length > 6) throw this.#malformed();
    return bytes.length === 0 ? 0 : bytes.readIntLE(0, bytes.length);
  }

  #byte(): number {
    return this.#take(1)[0]!;
  }

  /** @throws RangeError beyond the end */
  #take(length: number): Buffer {
    if (this.#at + length > this.bytes.length) throw new RangeError('beyond the end');
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }

  #line(): string {
    const end = this.bytes.indexOf('\n', this.#at);
    if (end < 0 || end - this.#at > LONGEST_NAME) throw this.#malformed();
    const line = this.bytes.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return line;
  }

  #malformed(): ImportError {
    return new ImportError('array_invalid', 'the pickle is malformed', this.file);
  }

  #refuse(code: 'array_invalid' | 'pickle_unsafe', message: string): never {
    throw new ImportError(code, message, this.file);
  }
}
