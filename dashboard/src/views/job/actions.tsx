import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { Link } from 'wouter';
import { Problem } from '../../parts/problem.js';
import { type Schemas, strata } from '../../server.js';
import { Extend } from './extend.js';

type Job = Schemas['Job'];
type Verb = 'pause' | 'resume' | 'cancel';

export function Actions({ job }: { readonly job: Job }) {
  const queries = useQueryClient();
  const dialog = useRef<HTMLDialogElement>(null);
  const change = useMutation({
    mutationFn: (verb: Verb) => strata.jobs[verb](job.id),
    onSettled: () => queries.invalidateQueries({ queryKey: ['job', job.id] }),
  });
  const isOver = job.finished_at !== null;
  const isPaused = job.pause_requested_at !== null;
  const cancel = () => {
    dialog.current?.close();
    change.mutate('cancel');
  };
  return (
    <div className="actions">
      <Link className="button" href={`/jobs/new?from=${job.id}`}>
        Clone
      </Link>
      {job.state === 'succeeded' && job.reproduces === null && <Extend job={job} />}
      {!isOver && (
        <>
          <button
            type="button"
            disabled={change.isPending}
            onClick={() => change.mutate(isPaused ? 'resume' : 'pause')}
          >
            {isPaused ? 'Resume' : 'Pause'}
          </button>
          <button
            type="button"
            className="danger"
            disabled={change.isPending}
            onClick={() => dialog.current?.showModal()}
          >
            Cancel
          </button>
        </>
      )}
      <Problem error={change.error} />
      <dialog ref={dialog} aria-labelledby="cancel-title">
        <h2 id="cancel-title">Cancel this job?</h2>
        <p>
          Its running tasks write a last checkpoint. The job cannot be resumed; another job can start from it.
        </p>
        <div className="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep it running
          </button>
          <button type="button" className="danger" onClick={cancel}>
            Cancel the job
          </button>
        </div>
      </dialog>
    </div>
  );
}
