import type { Event } from '../../../../client/src/index.js';

const BAR_WIDTH = 24;
const LINE_EVERY_MS = 5000;

/** Shows the progress of a job: one line that is rewritten on a terminal, otherwise a line every few seconds. */
export class JobDisplay {
  private readonly startedMs = performance.now();
  private doneTasks = 0;
  private lastLineMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly tasks: number,
    private readonly out: NodeJS.WriteStream = process.stdout,
  ) {}

  show(event: Event): void {
    if (event.type === 'task.succeeded') this.doneTasks += 1;
    const isTask = event.type === 'task.succeeded' || event.type === 'task.started';
    if (this.out.isTTY) this.out.write(`\r\x1b[2K${this.line(event)}${isTask ? '' : '\n'}`);
    else if (!isTask || this.isDue()) this.out.write(`${this.line(event)}\n`);
  }

  end(): void {
    if (this.out.isTTY) this.out.write('\r\x1b[2K');
  }

  private isDue(): boolean {
    const now = performance.now();
    if (now - this.lastLineMs < LINE_EVERY_MS) return false;
    this.lastLineMs = now;
    return true;
  }

  private line(event: Event): string {
    const seconds = ((performance.now() - this.startedMs) / 1000).toFixed(0);
    const filled = Math.round((BAR_WIDTH * this.doneTasks) / this.tasks);
    const bar = '█'.repeat(filled).padEnd(BAR_WIDTH, '·');
    return `  ${bar} ${this.doneTasks}/${this.tasks} tasks, ${seconds.padStart(3)} s   ${event.message}`;
  }
}
