import { bytes } from '../format.js';
import type { Output } from '../output.js';

/** Time between two lines where nothing can be drawn over. */
const LINE_MS = 10_000;
const CLEAR_LINE = '\r\u001b[K';

/** Progress of a transfer, on stderr: drawn over on a terminal, a line now and then otherwise. */
export class Progress {
  private readonly begun = performance.now();
  private lastLine = this.begun;

  constructor(
    private readonly out: Output,
    private readonly verb: string,
    private readonly total: number,
  ) {}

  show(done: number): void {
    const now = performance.now();
    if (this.out.options.quiet) return;
    if (process.stderr.isTTY) process.stderr.write(`${CLEAR_LINE}${this.text(done, now)}`);
    else if (now - this.lastLine >= LINE_MS) {
      this.lastLine = now;
      process.stderr.write(`${this.text(done, now)}\n`);
    }
  }

  end(): void {
    if (this.out.options.quiet) return;
    const clear = process.stderr.isTTY ? CLEAR_LINE : '';
    process.stderr.write(`${clear}${this.text(this.total, performance.now())}\n`);
  }

  private text(done: number, now: number): string {
    const rate = done / Math.max(0.001, (now - this.begun) / 1000);
    const share = this.total === 0 ? 100 : Math.floor((100 * done) / this.total);
    return `${this.verb} ${bytes(done)} of ${bytes(this.total)} (${share} %, ${bytes(rate)}/s)`;
  }
}
