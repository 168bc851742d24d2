import type { ReactNode } from 'react';
import { Boundary } from './boundary.js';

export interface PanelProps {
  readonly title: string;
  /** Controls beside the title. */
  readonly tools?: ReactNode;
  /** One sentence that says how to read it. */
  readonly note?: ReactNode;
  readonly children: ReactNode;
  readonly wide?: boolean;
}

export function Panel({ title, tools, note, children, wide = false }: PanelProps) {
  return (
    <section className={wide ? 'panel wide' : 'panel'} aria-label={title}>
      <div className="panel-head">
        <h2>{title}</h2>
        {tools}
      </div>
      <Boundary name={title.toLowerCase()}>{children}</Boundary>
      {note && <p className="note">{note}</p>}
    </section>
  );
}
