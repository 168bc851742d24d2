import { styleText } from 'node:util';

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

export type Style = Parameters<typeof styleText>[0];

/** Results go to stdout, everything else to stderr, so that a pipe holds the results alone. */
export class Output {
  constructor(readonly options: OutputOptions) {}

  /** Whether stdout is a terminal that people look at: redrawing and color make sense. */
  get isScreen(): boolean {
    return process.stdout.isTTY === true && !this.options.json && process.env.TERM !== 'dumb';
  }

  /** An object of the API, as it came. */
  json(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  }

  /** One object of many, on a line of its own. */
  jsonLine(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  line(text = ''): void {
    process.stdout.write(`${text}\n`);
  }

  /** For people who watch; `--quiet` drops it. */
  note(text: string): void {
    if (!this.options.quiet) process.stderr.write(`${text}\n`);
  }

  warn(text: string): void {
    process.stderr.write(`${text}\n`);
  }

  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const all = [head, ...rows];
    const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
    for (const [index, row] of all.entries()) {
      const text = row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      this.line(index === 0 ? this.paint('bold', text) : text);
    }
  }

  /** Names and values, one a line. */
  fields(rows: readonly (readonly [name: string, value: string | null | undefined])[]): void {
    const shown = rows.filter(([, value]) => value !== null && value !== undefined && value !== '');
    const width = Math.max(...shown.map(([name]) => name.length));
    for (const [name, value] of shown) this.line(`${this.paint('dim', name.padEnd(width))}  ${value}`);
  }

  paint(style: Style, text: string): string {
    return isColored(process.stdout) ? styleText(style, text, { validateStream: false }) : text;
  }

  /**
   * Prints the result of a command: the object itself for `--json`, its ids for `--quiet`, a view for people otherwise.
   */
  result(value: unknown, ids: readonly string[], show: () => void): void {
    if (this.options.json) this.json(value);
    else if (this.options.quiet) for (const id of ids) this.line(id);
    else show();
  }
}

/** https://no-color.org */
function isColored(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}
