import type { Event } from '../../../../client/src/index.js';
import { clock } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Scroll } from '../../parts/scroll.js';

const SHOWN = 100;

export function EventsPanel({ events }: { readonly events: readonly Event[] }) {
  return (
    <Panel title="Events">
      <Scroll label="Events" className="events">
        <ol aria-live="polite">
          {events.slice(0, SHOWN).map(({ seq, at, level, message }) => (
            <li key={seq} className={level}>
              <time dateTime={at}>{clock(at)}</time> {message}
            </li>
          ))}
        </ol>
      </Scroll>
      {events.length === 0 && <p className="quiet">Nothing has happened yet.</p>}
    </Panel>
  );
}
