import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { Problem } from '../../parts/problem.js';
import { type Schemas, strata } from '../../server.js';

type Schedule = Schemas['JobExtension']['schedule'];

/** Schedules whose rate at the end of a job says how it goes on. */
const LASTING = ['constant', 'step'];

/** A button that trains a job for more epochs. */
export function Extend({ job }: { readonly job: Schemas['Job'] }) {
  const [, go] = useLocation();
  const dialog = useRef<HTMLDialogElement>(null);
  const [epochs, setEpochs] = useState(job.spec.epochs);
  const lasts = LASTING.includes(job.spec.optimizer.schedule.type);
  const [schedule, setSchedule] = useState<Schedule>(lasts ? 'continue' : 'rewarm');
  const extend = useMutation({
    mutationFn: () => strata.jobs.extend(job.id, { epochs, schedule }),
    onSuccess: ({ id }) => go(`/jobs/${id}`),
  });
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        Extend
      </button>
      <dialog ref={dialog} aria-labelledby="extend-title">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            extend.mutate();
          }}
        >
          <h2 id="extend-title">Train for more epochs?</h2>
          <p>A new job continues where this one ended, with the memory of its optimizer.</p>
          <p>
            <label htmlFor="extend-epochs">
              Epochs to add{' '}
              <input
                id="extend-epochs"
                type="number"
                min={1}
                max={1000}
                value={epochs}
                onChange={({ target }) => setEpochs(target.valueAsNumber)}
              />
            </label>
          </p>
          <p>
            <label htmlFor="extend-rewarm">
              <input
                id="extend-rewarm"
                type="checkbox"
                checked={schedule === 'rewarm'}
                disabled={!lasts}
                onChange={({ target }) => setSchedule(target.checked ? 'rewarm' : 'continue')}
              />{' '}
              Begin the learning-rate schedule again
            </label>
          </p>
          <Problem error={extend.error} />
          <div className="actions">
            <button type="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
            <button type="submit" disabled={extend.isPending || Number.isNaN(epochs)}>
              Extend the job
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
