import { useQuery } from '@tanstack/react-query';
import { clock } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { eventsQuery } from '../../queries.js';

const SHOWN = 100;

export function EventsPanel({ id }: { readonly id: string }) {
  const { data: events = [], error, isPending } = useQuery(eventsQuery(id));
  return (
    <Panel title="Events">
      <Problem error={error} />
      <Scroll label="Events" className="events">
        <ol aria-live="polite">
          {events
            .slice(-SHOWN)
            .reverse()
            .map(({ seq, at, level, message }) => (
              <li key={seq} className={level}>
                <time dateTime={at}>{clock(at)}</time> {message}
              </li>
            ))}
        </ol>
      </Scroll>
      {events.length === 0 && !isPending && <p className="quiet">Nothing has happened yet.</p>}
    </Panel>
  );
}
