import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { type Schemas, strata } from '../../server.js';

/** Name and notes of a job, which people may change at any time. */
export function NotesPanel({ job }: { readonly job: Schemas['Job'] }) {
  const queries = useQueryClient();
  const [name, setName] = useState(job.name);
  const [notes, setNotes] = useState(job.notes);
  const id = useId();
  const save = useMutation({
    mutationFn: () => strata.jobs.update(job.id, { name, notes }),
    onSuccess: (changed) => queries.setQueryData(['job', job.id], changed),
  });
  const isChanged = name !== job.name || notes !== job.notes;
  return (
    <Panel title="Name and notes">
      <form
        className="notes"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <label htmlFor={`${id}-name`}>Name</label>
        <input
          id={`${id}-name`}
          value={name}
          maxLength={100}
          onChange={({ target }) => setName(target.value)}
        />
        <label htmlFor={`${id}-notes`}>Notes</label>
        <textarea
          id={`${id}-notes`}
          rows={3}
          value={notes}
          maxLength={4096}
          onChange={({ target }) => setNotes(target.value)}
        />
        <button type="submit" disabled={!isChanged || save.isPending}>
          Save
        </button>
        <Problem error={save.error} />
      </form>
    </Panel>
  );
}
