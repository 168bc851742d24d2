import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { type Attempt, forecast, slotsInUse } from '../../../../client/src/timeline/index.js';
import { clock, duration } from '../../format.js';
import { useNow } from '../../live.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { attemptsQuery, tasksQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { AttemptDetails, Wavefront } from '../../wavefront/wavefront.js';

/** The schedule is drawn again twice a second while the job runs. */
const REDRAW_MS = 500;

export function SchedulePanel({ job }: { readonly job: Schemas['Job'] }) {
  const { id, finished_at: finished } = job;
  const isRunning = finished === null;
  const attempts = useQuery(attemptsQuery(id));
  const tasks = useQuery({ ...tasksQuery(id), enabled: isRunning });
  const now = useNow(isRunning, REDRAW_MS);
  const [by, setBy] = useState<'stage' | 'device'>('stage');
  const [chosen, setChosen] = useState<Attempt | null>(null);
  const rest = useRest(isRunning ? tasks.data : undefined, attempts.data, now);
  const tools = (
    <fieldset className="choice">
      <legend className="hidden">Lanes</legend>
      {(['stage', 'device'] as const).map((each) => (
        <label key={each}>
          <input type="radio" name="lanes" checked={by === each} onChange={() => setBy(each)} /> {each}s
        </label>
      ))}
    </fieldset>
  );
  const note =
    'A box is an attempt at a task; its number is the round. Hatched: work that was lost. Dashed: still to come. Empty: nothing of this job ran there.';
  return (
    <Panel title="Wavefront" tools={tools} note={note} wide>
      <Problem error={attempts.error} />
      {attempts.data?.length === 0 && <Waiting job={job} />}
      {attempts.data && attempts.data.length > 0 && (
        <>
          <Wavefront
            attempts={attempts.data}
            ghosts={rest?.ghosts ?? []}
            by={by}
            now={now}
            isRunning={isRunning}
            onChoose={setChosen}
          />
          {chosen && <AttemptDetails attempt={chosen} now={now} />}
          {rest && rest.ghosts.length > 0 && (
            <p className="note">
              The rest is expected to end at {clock(new Date(rest.end))}, in{' '}
              {duration((rest.end - now) / 1000)}.
            </p>
          )}
          <AsTable attempts={attempts.data} />
        </>
      )}
    </Panel>
  );
}

function useRest(
  tasks: readonly Schemas['Task'][] | undefined,
  attempts: readonly Attempt[] | undefined,
  now: number,
) {
  return useMemo(() => {
    if (!tasks || !attempts) return null;
    return forecast(tasks, attempts, { slots: slotsInUse(attempts, now), nowMs: now });
  }, [tasks, attempts, now]);
}

function Waiting({ job }: { readonly job: Schemas['Job'] }) {
  return (
    <p className="quiet">
      {job.queue
        ? `Place ${job.queue.position} in the queue: ${job.queue.reason}`
        : 'No task has started yet.'}
    </p>
  );
}

/** Maximum number of rows in the table. The newest are the ones that are asked for. */
const MAX_ROWS = 500;

/** The same for readers without the picture. */
function AsTable({ attempts }: { readonly attempts: readonly Attempt[] }) {
  const shown = attempts.slice(-MAX_ROWS);
  return (
    <details>
      <summary>As a table ({attempts.length} attempts)</summary>
      <Scroll label="Attempts">
        <table className="list">
          <thead>
            <tr>
              <th>Task</th>
              <th className="number">Attempt</th>
              <th>Outcome</th>
              <th>Device</th>
              <th>Start</th>
              <th>Time</th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ task, attempt, outcome, device, started_at: start, ended_at: end }) => (
              <tr key={`${task} ${attempt}`}>
                <td>{task}</td>
                <td className="number">{attempt}</td>
                <td>{outcome}</td>
                <td>{device ?? '–'}</td>
                <td>{clock(start)}</td>
                <td>{end === null ? '–' : duration((Date.parse(end) - Date.parse(start)) / 1000)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}
