import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogStream } from '../../store/log-lines.js';

export interface PrintedLine {
  readonly stream: LogStream;
  readonly text: string;
}

/** Maximum line length in UTF-16 units. Longer lines are split, because people read the log. */
export const LINE_LENGTH = 8_192;
/** A process that has ended cannot print. Wait at most this long for other processes that inherited its pipes. */
const LAST_WORDS_MS = 1_000;

/** Splits the output of a process into lines. */
export class PrintedLines {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';
  private readonly closed: Promise<void>;

  constructor(
    source: Readable,
    private readonly stream: LogStream,
    private readonly onLine: (line: PrintedLine) => void,
  ) {
    source.on('data', (chunk: Buffer) => this.add(this.decoder.write(chunk)));
    source.on('error', () => undefined);
    this.closed = new Promise((resolve) => source.once('close', resolve));
  }

  /** Emits the rest of the output that has no line break. */
  flush(): void {
    if (this.rest !== '') this.emit(this.rest);
    this.rest = '';
  }

  /** Resolves when all output of an ended process was emitted. */
  async end(): Promise<void> {
    await Promise.race([this.closed, delay(LAST_WORDS_MS, undefined, { ref: false })]);
    this.add(this.decoder.end());
    this.flush();
  }

  private add(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.emit(line.replace(/\r$/, ''));
    for (; this.rest.length > LINE_LENGTH; this.rest = this.rest.slice(LINE_LENGTH)) {
      this.emit(this.rest.slice(0, LINE_LENGTH));
    }
  }

  private emit(line: string): void {
    let start = 0;
    do {
      this.onLine({ stream: this.stream, text: storable(line.slice(start, start + LINE_LENGTH)) });
      start += LINE_LENGTH;
    } while (start < line.length);
  }
}

/** Postgres can store neither NUL nor half of a surrogate pair, which a split may leave. */
function storable(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\u{fffd}')).toString();
}

/**
 * Resolves when all output from before the last received message was read. At that point the pipes contain the
 * output, and one full turn of the event loop reads it.
 */
export async function printedBefore(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
