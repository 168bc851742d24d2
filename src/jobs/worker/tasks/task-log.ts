import { startLoop } from '../../process/loop.js';
import type { NewLogLine } from '../../store/log-lines.js';
import type { PrintedLine } from '../children/printed-lines.js';

/** An attempt that prints more keeps only its first and its last lines. */
export const LOG_LIMITS = {
  firstLines: 1_800,
  firstLength: 900_000,
  lastLines: 200,
  lastLength: 100_000,
} as const;

export interface TaskLog {
  add(line: PrintedLine): void;
  /** Writes the remaining lines, including the last lines that were held back. */
  close(): Promise<void>;
}

interface Entry extends PrintedLine {
  readonly number: number;
  readonly at: number;
}

/**
 * Collects the output of a trainer during an attempt and writes it in batches. Lines above the limits are held
 * back, and the last of them are written when the attempt ends, because they explain its end.
 * @param now milliseconds of a monotonic clock
 */
export function startTaskLog(
  write: (lines: readonly NewLogLine[]) => Promise<void>,
  flushMs: number,
  onError: (error: unknown) => void,
  now: () => number,
): TaskLog {
  let unwritten: Entry[] = [];
  let number = 0;
  let room: number = LOG_LIMITS.firstLength;
  const tail = new Tail();

  const push = (line: PrintedLine): void => {
    unwritten.push({ ...line, number: number++, at: now() });
  };
  const flush = async (): Promise<void> => {
    const batch = unwritten;
    if (batch.length === 0) return;
    await write(batch.map(({ at, ...line }) => ({ ...line, ageMs: now() - at })));
    // Removed only after the write. If the write fails, the next flush repeats it.
    unwritten = unwritten.slice(batch.length);
  };
  const loop = startLoop(flush, flushMs, onError);
  return {
    add(line) {
      room -= line.text.length + 1;
      if (number < LOG_LIMITS.firstLines && room > 0) push(line);
      else {
        room = 0;
        tail.add(line);
      }
    },
    async close() {
      await loop.stop();
      tail.take().forEach(push);
      await flush().catch(onError);
    },
  };
}

/** The last lines of a long output. */
class Tail {
  private lines: PrintedLine[] = [];
  private length = 0;
  private dropped = 0;

  add(line: PrintedLine): void {
    this.lines.push(line);
    this.length += line.text.length + 1;
    while (this.lines.length > LOG_LIMITS.lastLines || this.length > LOG_LIMITS.lastLength) {
      this.length -= (this.lines.shift()?.text.length ?? 0) + 1;
      this.dropped += 1;
    }
  }

  take(): PrintedLine[] {
    if (this.dropped === 0) return this.lines;
    const text = `[${this.dropped} lines omitted: the log of an attempt keeps its first and last lines]`;
    return [{ stream: 'stderr', text }, ...this.lines];
  }
}
