import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogStream } from '../../store/log-lines.js';

export interface PrintedLine {
  readonly stream: LogStream;
  readonly text: string;
}

/** A line longer than this, in UTF-16 units, is cut: a log is read by people. */
export const LINE_LENGTH = 8_192;
/** A process that is gone cannot print; who inherited its pipes is not waited for longer. */
const LAST_WORDS_MS = 1_000;

/** Cuts one output of a process into lines. */
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

  /** Gives out what was printed without a line break. */
  flush(): void {
    if (this.rest !== '') this.emit(this.rest);
    this.rest = '';
  }

  /** Resolves when nothing more can come from a process that has ended, everything given out. */
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

/** Postgres takes neither NUL nor half a surrogate pair, which a cut may leave. */
function storable(text: string): string {
  return Buffer.from(text.replaceAll('\0', '\u{fffd}')).toString();
}

/**
 * Resolves when everything that a process printed before it sent the message just received is read: its pipes held it
 * by then, and one whole turn of the event loop reads them.
 */
export async function printedBefore(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}
