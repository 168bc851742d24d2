import { ImportError } from '../problems.js';
import { fill, isAllowed, makeOf } from './calls.js';
import { fromLiteral, fromRawUnicode } from './escapes.js';
import { Bytes, MARK, malformed, Name, plain } from './values.js';

const MAX_STEPS = 5_000_000;
const MAX_NAME_LENGTH = 200;
/** Digits of a number that is written as text. */
const MAX_NUMBER_LENGTH = 40;
/** Bytes that a pickle may make of its own, for each that it has, and beside. */
const MADE_PER_BYTE = 4;
const MADE_BESIDE = 2 ** 20;

/**
 * Opcodes of Python's pickletools, protocols 0 to 5: those that plain data and arrays need. What a pickle makes is bounded
 * by its own length: each step takes a byte or more, strings are made once however often they are used, and copies are
 * charged. Values may hold each other many times over, so nothing here walks through them.
 */
export class PickleMachine {
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #at = 0;
  #made = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly file: string,
  ) {}

  run(): unknown {
    for (let step = 0; step < MAX_STEPS; step++) {
      const opcode = String.fromCharCode(this.#byte());
      if (opcode === '.') return plain(this.#pop());
      this.#perform(opcode);
    }
    return this.#refuse('array_invalid', `the pickle has more than ${MAX_STEPS} steps`);
  }

  #perform(opcode: string): void {
    const value = this.#literal(opcode) ?? this.#written(opcode);
    if (value !== undefined) this.#stack.push(value);
    else if (opcode === 'N') this.#stack.push(null);
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
      case '\x96':
        return new Bytes(this.#take(this.#length8()));
      case '\x8c':
        return this.#take(this.#byte()).toString();
      case 'X':
        return this.#take(this.#take(4).readUInt32LE()).toString();
      case '\x8d':
        return this.#take(this.#length8()).toString();
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

  /** Values that protocol 0 writes as text, a line each. */
  #written(opcode: string): unknown {
    switch (opcode) {
      case 'I':
      case 'L':
        return this.#number();
      case 'F':
        return Number(this.#line(MAX_NUMBER_LENGTH));
      case 'V':
        return fromRawUnicode(this.#line(this.bytes.length));
      case 'S': {
        const bytes = fromLiteral(this.#line(this.bytes.length));
        if (bytes === null) throw malformed(this.file);
        return new Bytes(bytes);
      }
      default:
        return undefined;
    }
  }

  /** `00` and `01` are how protocols 0 and 1 write truth. */
  #number(): number | boolean {
    const line = this.#line(MAX_NUMBER_LENGTH);
    if (line === '00' || line === '01') return line === '01';
    const value = Number(line.replace(/L$/, ''));
    if (!Number.isSafeInteger(value)) throw malformed(this.file);
    return value;
  }

  #remember(opcode: string): boolean {
    const top = () => this.#stack.at(-1);
    if (opcode === 'q') this.#memo.set(this.#byte(), top());
    else if (opcode === 'r') this.#memo.set(this.#take(4).readUInt32LE(), top());
    else if (opcode === 'p') this.#memo.set(Number(this.#number()), top());
    else if (opcode === '\x94') this.#memo.set(this.#memo.size, top());
    else if (opcode === 'h') this.#stack.push(this.#recall(this.#byte()));
    else if (opcode === 'j') this.#stack.push(this.#recall(this.#take(4).readUInt32LE()));
    else if (opcode === 'g') this.#stack.push(this.#recall(Number(this.#number())));
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
    else if (opcode === 't' || opcode === 'l') this.#stack.push(this.#sinceMark());
    else if (opcode === 'd') this.#dictionary();
    else if (opcode === 'a') this.#extend([this.#pop()]);
    else if (opcode === 'e') this.#extend(this.#sinceMark());
    else if (opcode === 's') this.#assign([this.#pop(), this.#pop()].reverse());
    else if (opcode === 'u') this.#assign(this.#sinceMark());
    else return false;
    return true;
  }

  #dictionary(): void {
    const pairs = this.#sinceMark();
    this.#stack.push(new Map());
    this.#assign(pairs);
  }

  #build(opcode: string): boolean {
    if (opcode === 'c')
      this.#stack.push(this.#name(this.#line(MAX_NAME_LENGTH), this.#line(MAX_NAME_LENGTH)));
    else if (opcode === '\x93') {
      const [name, module] = [plain(this.#pop()), plain(this.#pop())];
      if (typeof name !== 'string' || typeof module !== 'string') throw malformed(this.file);
      this.#stack.push(this.#name(module, name));
    } else if (opcode === 'R') {
      const [args, maker] = [this.#pop(), this.#pop()];
      this.#stack.push(makeOf(maker, args, { file: this.file, charge: (bytes) => this.#charge(bytes) }));
    } else if (opcode === 'b') {
      const state = this.#pop();
      fill(this.#stack.at(-1), state, this.file);
    } else return false;
    return true;
  }

  #name(module: string, name: string): Name {
    const path = `${module} ${name}`;
    if (isAllowed(path)) return new Name(path);
    const told = `${module}.${name}`.slice(0, MAX_NAME_LENGTH);
    return this.#refuse('pickle_unsafe', `the pickle names ${told}; only NumPy arrays may be in it`);
  }

  #extend(values: readonly unknown[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw malformed(this.file);
    for (const value of values) list.push(plain(value));
  }

  #assign(pairs: readonly unknown[]): void {
    const map = this.#stack.at(-1);
    if (!(map instanceof Map) || pairs.length % 2 !== 0) throw malformed(this.file);
    for (let index = 0; index < pairs.length; index += 2)
      map.set(plain(pairs[index]), plain(pairs[index + 1]));
  }

  #sinceMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw malformed(this.file);
    const values = this.#stack.splice(mark);
    return values.slice(1);
  }

  #pop(): unknown {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw malformed(this.file);
    return value;
  }

  #recall(key: number): unknown {
    if (!this.#memo.has(key)) throw malformed(this.file);
    return this.#memo.get(key);
  }

  #charge(bytes: number): void {
    this.#made += bytes;
    const max = MADE_BESIDE + MADE_PER_BYTE * this.bytes.length;
    if (this.#made > max) this.#refuse('array_invalid', `the pickle makes more than ${max} bytes of its own`);
  }

  #long(): number {
    const bytes = this.#take(this.#byte());
    if (bytes.length > 6) throw malformed(this.file);
    return bytes.length === 0 ? 0 : bytes.readIntLE(0, bytes.length);
  }

  #length8(): number {
    return Number(this.#take(8).readBigUInt64LE());
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

  #line(longest: number): string {
    const end = this.bytes.indexOf('\n', this.#at);
    if (end < 0 || end - this.#at > longest) throw malformed(this.file);
    const line = this.bytes.toString('latin1', this.#at, end);
    this.#at = end + 1;
    return line;
  }

  #refuse(code: 'array_invalid' | 'pickle_unsafe', message: string): never {
    throw new ImportError(code, message, this.file);
  }
}
