import { startLoop } from '../../process/loop.js';
import type { NewLogLine } from '../../store/log-lines.js';
import type { PrintedLine } from '../children/printed-lines.js';

/** Of an attempt that prints more, the first and the last lines are kept. */
export const LOG_LIMITS = {
  firstLines: 1_800,
  firstLength: 900_000,
  lastLines: 200,
  lastLength: 100_000,
} as const;

export interface TaskLog {
  add(line: PrintedLine): void;
  /** Writes what is left, the kept last lines included. */
  close(): Promise<void>;
}

interface Entry extends PrintedLine {
  readonly number: number;
  readonly at: number;
}

/**
 * Gathers what a trainer prints during an attempt and writes it in batches. What goes over the limits is held back:
 * its end is written when the attempt ends, since last words tell most.
 * @param now milliseconds of a clock that never goes back
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
    // Only now: lines that could not be written are written by the next flush.
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

/** The last lines of many. */
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
    const text = `[${this.dropped} lines left out here: an attempt's log keeps its first and its last lines]`;
    return [{ stream: 'stderr', text }, ...this.lines];
  }
}
