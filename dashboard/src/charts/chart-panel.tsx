import { useId, useState } from 'react';
import { Panel } from '../parts/panel.js';
import { type Curve, Plot } from './plot.js';

interface Props {
  readonly title: string;
  readonly note: string;
  readonly curves: readonly Curve[];
  readonly xLabel?: string;
  readonly log?: boolean;
}

const MAX_SMOOTHING = 0.98;

/** A panel with curves, which are smoothed as far as the reader wants. */
export function ChartPanel({ title, note, curves, xLabel = 'step', log = false }: Props) {
  const [smoothing, setSmoothing] = useState(0);
  const id = useId();
  const tools = (
    <label htmlFor={id} className="smooth">
      smooth{' '}
      <input
        id={id}
        type="range"
        min={0}
        max={MAX_SMOOTHING}
        step={0.02}
        value={smoothing}
        onChange={({ target }) => setSmoothing(Number(target.value))}
      />
    </label>
  );
  return (
    <Panel title={title} note={note} tools={tools}>
      <Plot curves={curves} xLabel={xLabel} log={log} smoothing={smoothing} />
    </Panel>
  );
}
