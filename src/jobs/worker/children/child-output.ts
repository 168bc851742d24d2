import type { ChildProcess } from 'node:child_process';
import { type PrintedLine, PrintedLines, printedBefore } from './printed-lines.js';

export interface ReadOutput {
  readonly onLine: (line: PrintedLine) => void;
  /** Whether a line says nothing about why the process ended. */
  readonly isInformation: (text: string) => boolean;
}

/** Output of a child. It also goes to the output of the worker. */
export class ChildOutput {
  readonly #printed: readonly PrintedLines[];
  #lastError = '';

  constructor({ stdout, stderr }: ChildProcess, read: ReadOutput | undefined) {
    if (!stdout || !stderr || !read) {
      this.#printed = [];
      return;
    }
    stdout.on('data', (chunk: Buffer) => process.stdout.write(chunk));
    stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    const take = (line: PrintedLine): void => {
      const text = line.text.trim();
      if (line.stream === 'stderr' && text !== '' && !read.isInformation(text)) this.#lastError = text;
      read.onLine(line);
    };
    this.#printed = [new PrintedLines(stdout, 'stdout', take), new PrintedLines(stderr, 'stderr', take)];
  }

  /** Reads everything that was printed before the last received message. */
  async readSoFar(): Promise<void> {
    if (this.#printed.length === 0) return;
    await printedBefore();
    for (const output of this.#printed) output.flush();
  }

  /** Reads the rest of an ended process. @returns the last line that it printed as an error */
  async end(): Promise<string> {
    await Promise.all(this.#printed.map((output) => output.end()));
    return this.#lastError;
  }
}
