import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { Link, useSearchParams } from 'wouter';
import { Spark } from '../../charts/spark.js';
import { duration, moment, percent } from '../../format.js';
import { Problem } from '../../parts/problem.js';
import { Progress } from '../../parts/progress.js';
import { Scroll } from '../../parts/scroll.js';
import { StateBadge } from '../../parts/state-badge.js';
import { jobsQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { FilterBar } from './filter-bar.js';
import { type FilterName, queryOf, withFilter } from './filters.js';

type Job = Schemas['Job'];
const MAX_COMPARED = 8;

export function JobsView() {
  const [parameters, setParameters] = useSearchParams();
  const [now] = useState(Date.now);
  const { data, error, isPending } = useQuery(jobsQuery(queryOf(parameters, now)));
  const isFiltered = [...parameters.keys()].length > 0;
  const change = useCallback(
    (name: FilterName, value: string) => setParameters((address) => withFilter(address, name, value)),
    [setParameters],
  );
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const toggle = (id: string) =>
    setChosen((ids) =>
      ids.includes(id) ? ids.filter((each) => each !== id) : [...ids, id].slice(-MAX_COMPARED),
    );
  return (
    <main className="page">
      <div className="head">
        <h1>Jobs</h1>
        {chosen.length > 1 && (
          <Link className="button" href={`/compare?jobs=${chosen.join(',')}`}>
            Compare {chosen.length}
          </Link>
        )}
        <Archive
          ids={chosen.filter((id) => data?.data.some((job) => job.id === id && job.finished_at !== null))}
          isArchived={parameters.get('archived') === 'true'}
          done={() => setChosen([])}
        />
        <Link className="button primary" href="/jobs/new">
          New job
        </Link>
      </div>
      <FilterBar address={parameters} change={change} />
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {data?.data.length === 0 && (isFiltered ? <p>No job matches.</p> : <NoJobs />)}
      {data && data.data.length > 0 && (
        <Scroll label="Jobs">
          <table className="list">
            <thead>
              <tr>
                <th>
                  <span className="hidden">Compare</span>
                </th>
                <th>Job</th>
                <th>State</th>
                <th>Progress</th>
                <th>Dataset</th>
                <th>Method</th>
                <th>Loss</th>
                <th className="number">Test accuracy</th>
                <th>Created</th>
                <th>Time</th>
              </tr>
            </thead>
            <tbody>
              {data.data.map((job) => (
                <Row
                  key={job.id}
                  job={job}
                  isChosen={chosen.includes(job.id)}
                  toggle={() => toggle(job.id)}
                />
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {data?.next && (
        <Link className="button" href={`/jobs?${moreOf(parameters, data.next)}`}>
          More jobs
        </Link>
      )}
    </main>
  );
}

function moreOf(address: URLSearchParams, next: string): string {
  return String(withFilter(address, 'after', next));
}

interface ArchiveProps {
  readonly ids: readonly string[];
  readonly isArchived: boolean;
  readonly done: () => void;
}

/** Puts chosen jobs that have ended out of the list, or back. */
function Archive({ ids, isArchived, done }: ArchiveProps) {
  const queries = useQueryClient();
  const move = useMutation({
    mutationFn: () => Promise.all(ids.map((id) => strata.jobs.update(id, { archived: !isArchived }))),
    onSuccess: done,
    onSettled: () => queries.invalidateQueries({ queryKey: ['jobs'] }),
  });
  return (
    <>
      {ids.length > 0 && (
        <button type="button" disabled={move.isPending} onClick={() => move.mutate()}>
          {isArchived ? 'List again' : 'Archive'} {ids.length}
        </button>
      )}
      <Problem error={move.error} />
    </>
  );
}

interface RowProps {
  readonly job: Job;
  readonly isChosen: boolean;
  readonly toggle: () => void;
}

function Row({ job, isChosen, toggle }: RowProps) {
  const { id, name, state, spec, result } = job;
  const { type, stages } = spec.method;
  return (
    <tr>
      <td>
        <input type="checkbox" checked={isChosen} onChange={toggle} aria-label={`Compare ${name || id}`} />
      </td>
      <td>
        <Link href={`/jobs/${id}`}>{name || id}</Link>
        {job.state_reason && <div className="quiet reason">{job.state_reason}</div>}
      </td>
      <td>
        <StateBadge state={state} />
      </td>
      <td>
        <Progress share={job.progress} label={`Progress of ${name || id}`} />
      </td>
      <td>{spec.dataset}</td>
      <td>
        {type}, {stages} {stages === 1 ? 'stage' : 'stages'}
      </td>
      <td>
        <Spark values={job.spark ?? []} latest={job.latest?.loss} name={name || id} />
      </td>
      <td className="number">{percent(result?.test_accuracy ?? job.latest?.test_accuracy)}</td>
      <td>{moment(job.created_at)}</td>
      <td>{timeOf(job)}</td>
    </tr>
  );
}

/** The time that a job took, or that it is expected to need from now on. */
function timeOf({ started_at: start, finished_at: end, estimated_finish: estimate }: Job): string {
  if (start !== null && end !== null) return duration((Date.parse(end) - Date.parse(start)) / 1000);
  if (estimate !== null) return `${duration(Math.max(0, (Date.parse(estimate) - Date.now()) / 1000))} left`;
  return '–';
}

function NoJobs() {
  const command = `curl -sS ${location.origin}/jobs -H 'content-type: application/json' -d '{"dataset":"mnist","epochs":1,"max_train_samples":2048}'`;
  return (
    <section className="panel">
      <h2>No jobs yet</h2>
      <p>
        <Link href="/jobs/new">Create one here</Link>, or in a terminal:
      </p>
      <pre>{command}</pre>
    </section>
  );
}
