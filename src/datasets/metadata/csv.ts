/** Text that is no CSV by RFC 4180. */
export class CsvError extends Error {
  constructor(
    /** From 1. */
    readonly line: number,
    message: string,
  ) {
    super(message);
    this.name = 'CsvError';
  }
}

export interface CsvRecord {
  /** The line on which it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads comma-separated values by RFC 4180: a field in quotes may hold commas, line breaks and doubled quotes. Empty lines are
 * passed over. @throws CsvError
 */
export function* readCsv(text: string): Generator<CsvRecord> {
  const reader = new FieldReader(text);
  while (!reader.isAtEnd) {
    const { line } = reader;
    const fields = [reader.next()];
    while (reader.takeComma()) fields.push(reader.next());
    reader.takeLineBreak();
    if (fields.length > 1 || fields[0] !== '') yield { line, fields };
  }
}

class FieldReader {
  /** Line of the next character. */
  line = 1;
  #at = 0;

  constructor(private readonly text: string) {}

  get isAtEnd(): boolean {
    return this.#at >= this.text.length;
  }

  next(): string {
    return this.text[this.#at] === '"' ? this.#quoted() : this.#plain();
  }

  takeComma(): boolean {
    if (this.text[this.#at] !== ',') return false;
    this.#at += 1;
    return true;
  }

  /** @throws CsvError where a field goes on after its closing quote */
  takeLineBreak(): void {
    if (this.isAtEnd) return;
    if (this.text[this.#at] === '\r') this.#at += 1;
    if (this.text[this.#at] === '\n') this.#at += 1;
    else if (this.text[this.#at - 1] !== '\r')
      throw new CsvError(this.line, 'text follows a closing quote; put the whole field in quotes');
    this.line += 1;
  }

  #plain(): string {
    const start = this.#at;
    while (!this.isAtEnd && !',\r\n'.includes(this.text[this.#at]!)) this.#at += 1;
    return this.text.slice(start, this.#at);
  }

  #quoted(): string {
    const opened = this.line;
    let value = '';
    for (this.#at += 1; ; this.#at += 2) {
      const end = this.text.indexOf('"', this.#at);
      if (end === -1) throw new CsvError(opened, 'a quote opens a field and is never closed');
      const part = this.text.slice(this.#at, end);
      this.line += part.split('\n').length - 1;
      value += part;
      this.#at = end;
      if (this.text[end + 1] !== '"') break;
      value += '"';
    }
    this.#at += 1;
    return value;
  }
}
