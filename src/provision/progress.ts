/** Time and size of one part of setup. */
export interface Part {
  name: string;
  seconds: number;
  bytes?: number;
  reused?: boolean;
}

/** Shows the progress of long work. Tests use a silent one. */
export interface Progress {
  /** Runs `work`. Reports that it is running after 2 s, and reports its end. */
  step<T>(name: string, work: () => Promise<T>, detail?: () => Promise<string>): Promise<T>;
  line(text: string): void;
}

const QUIET_MS = 2000;
const LINE_EVERY_MS = 10_000;
const SPIN_EVERY_MS = 250;
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';

export const silent: Progress = { step: (_name, work) => work(), line: () => {} };

/** Progress on a stream: a spinner on a terminal, otherwise a line every ten seconds. */
export function streamProgress(out: NodeJS.WriteStream = process.stdout): Progress {
  return {
    line: (text) => out.write(`${text}\n`),
    async step(name, work, detail) {
      const started = performance.now();
      const display = startDisplay(out, name, started, detail);
      try {
        const result = await work();
        display.end('✓');
        return result;
      } catch (error) {
        display.end('✗');
        throw error;
      }
    },
  };
}

function startDisplay(
  out: NodeJS.WriteStream,
  name: string,
  started: number,
  detail?: () => Promise<string>,
): { end(mark: string): void } {
  const tty = out.isTTY === true;
  let shown = false;
  let ended = false;
  let ticks = 0;
  const text = (mark: string, extra = '') =>
    `${mark} ${name} (${((performance.now() - started) / 1000).toFixed(1)} s${extra && `, ${extra}`})`;
  const tick = async () => {
    const extra = detail ? await detail().catch(() => '') : '';
    if (ended) return;
    shown = true;
    const mark = tty ? (SPINNER[ticks++ % SPINNER.length] ?? '') : '…';
    out.write(tty ? `\r\x1b[2K${text(mark, extra)}` : `${text(mark, extra)}\n`);
  };
  let repeat: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    void tick();
    repeat = setInterval(() => void tick(), tty ? SPIN_EVERY_MS : LINE_EVERY_MS);
  }, QUIET_MS);
  return {
    end(mark) {
      ended = true;
      clearTimeout(first);
      clearInterval(repeat);
      if (shown) out.write(`${tty ? '\r\x1b[2K' : ''}${text(mark)}\n`);
    },
  };
}
