import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { clock } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { attemptsQuery, logsQuery } from '../../queries.js';

/** Lines that the trainers printed. They are read when this part is opened. */
export function LogsPanel({ id }: { readonly id: string }) {
  const [isOpen, setOpen] = useState(false);
  const [task, setTask] = useState('');
  const attempts = useQuery(attemptsQuery(id));
  const { data = [], error, isFetched } = useQuery({ ...logsQuery(id, task), enabled: isOpen });
  const tasks = [...new Set((attempts.data ?? []).map((attempt) => attempt.task))];
  return (
    <Panel title="Logs" wide>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>Lines that the trainers printed</summary>
        <label htmlFor="log-task">
          Task{' '}
          <select id="log-task" value={task} onChange={({ target }) => setTask(target.value)}>
            <option value="">all</option>
            {tasks.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
        <Problem error={error} />
        {isFetched && data.length === 0 && <p className="quiet">Nothing was printed.</p>}
        <pre className="log">
          {data.map(({ seq, at, task: of, attempt, text }) => (
            <span key={seq}>
              {clock(at)} {of}·{attempt} {text}
              {'\n'}
            </span>
          ))}
        </pre>
      </details>
    </Panel>
  );
}
