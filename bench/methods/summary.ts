/** One job; accuracies as shares of the test images, of the full network but for `compact`. */
export interface Run {
  readonly method: string;
  readonly seed: number;
  /** At the end of the layer-parallel phase; null where there is none. */
  readonly before: number | null;
  readonly after: number;
  /** At the end; null where the method has no compact network. */
  readonly compact: number | null;
  readonly seconds: number;
}

export interface Figure {
  readonly mean: number;
  /** Standard deviation over the seeds, divided by n - 1. */
  readonly spread: number;
}

export interface MethodSummary {
  readonly method: string;
  readonly before: Figure | null;
  readonly after: Figure;
  readonly compact: Figure | null;
  /** Mean accuracy `after` above the control's; null for the control. */
  readonly aboveControl: number | null;
  /** The smallest `after` of the method minus the control's largest: above 0 no seed of either overlaps the other's. */
  readonly gap: number | null;
}

export const CONTROL = 'frozen';

export function summarize(runs: readonly Run[]): MethodSummary[] {
  const afterOf = (name: string) => runs.filter(({ method }) => method === name).map(({ after }) => after);
  const control = afterOf(CONTROL);
  return [...new Set(runs.map(({ method }) => method))].map((method) => {
    const own = runs.filter((run) => run.method === method);
    const after = afterOf(method);
    const isCompared = method !== CONTROL && control.length > 0;
    return {
      method,
      before: figure(own.map(({ before }) => before)),
      after: figure(after)!,
      compact: figure(own.map(({ compact }) => compact)),
      aboveControl: isCompared ? mean(after) - mean(control) : null,
      gap: isCompared ? Math.min(...after) - Math.max(...control) : null,
    };
  });
}

/** A table as in docs/method.md: percent, mean ± standard deviation. */
export function table(methods: readonly MethodSummary[]): string {
  const shown = (value: Figure | null) => (value ? `${percent(value.mean)} ± ${percent(value.spread)}` : '');
  const signed = (value: number | null) => (value === null ? '' : `${value > 0 ? '+' : ''}${percent(value)}`);
  const rows = methods.map(({ method, before, after, compact, aboveControl, gap }) =>
    [method, shown(before), shown(after), shown(compact), signed(aboveControl), signed(gap)].join(' | '),
  );
  return [
    '| method | before end to end | after | compact network | above the control | least gap |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ].join('\n');
}

const percent = (share: number): string => (100 * share).toFixed(1);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function figure(found: readonly (number | null)[]): Figure | null {
  const values = found.filter((value) => value !== null);
  if (values.length === 0) return null;
  const center = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - center) ** 2, 0);
  return { mean: center, spread: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}
