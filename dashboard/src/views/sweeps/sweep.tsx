import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Sweep, Trial } from '../../../../client/src/index.js';
import { duration, figure } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { sweepQuery, trialsQuery } from '../../queries.js';
import { strata } from '../../server.js';
import { axesOf } from './axes.js';
import { Coordinates } from './coordinates.js';

export default function SweepView({ id }: { readonly id: string }) {
  const { data: sweep, error, isPending } = useQuery(sweepQuery(id));
  const { data: trials = [] } = useQuery(trialsQuery(id));
  return (
    <main className="page">
      <h1>{sweep?.name || id}</h1>
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {sweep && (
        <div className="main-column">
          <Facts sweep={sweep} />
          <Actions sweep={sweep} />
          <Panel title="Fields and objective" note="The thick line is the best trial." wide>
            <Coordinates
              axes={axesOf(fieldsOf(sweep, trials), trials, sweep.spec.objective.metric)}
              trials={trials}
              best={sweep.best?.number ?? null}
            />
          </Panel>
          <Panel title="Trials" wide>
            <Trials trials={trials} fields={fieldsOf(sweep, trials).map(({ name }) => name)} />
          </Panel>
        </div>
      )}
    </main>
  );
}

/** The fields of the space; without a space, those of the trials. */
function fieldsOf({ spec: { space } }: Sweep, trials: readonly Trial[]) {
  const own = trials.flatMap(({ parameters }) => Object.keys(parameters));
  const names = Object.keys(space).length > 0 ? Object.keys(space) : [...new Set(own)];
  return names.map((name) => ({ name, isLog: space[name]?.scale === 'log' }));
}

function Facts({ sweep }: { readonly sweep: Sweep }) {
  const { state, ended, best, spent, counts, spec, refused, refit_job_id: refit } = sweep;
  const budget = spec.limits.device_seconds;
  return (
    <>
      <p>
        <span className={`badge ${state}`}>{state}</span> {ended && `Ended: ${ended.replace('_', ' ')}.`}{' '}
        {best && `Best: trial ${best.number} with ${spec.objective.metric} ${figure(best.value, 4)}.`}{' '}
        {refit && <Link href={`/jobs/${refit}`}>trained once more</Link>}
      </p>
      <p>
        Device time: {duration(spent.device_seconds)}
        {budget !== null && (
          <>
            {' '}
            of {duration(budget)} <progress aria-label="Budget" value={spent.device_seconds} max={budget} />
          </>
        )}
      </p>
      {refused !== null && (
        <p className="quiet">
          {counts.refused} points were refused: {refused}
        </p>
      )}
    </>
  );
}

function Actions({ sweep: { id, state } }: { readonly sweep: Sweep }) {
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (verb: 'pause' | 'resume' | 'cancel') => strata.sweeps[verb](id),
    onSettled: () => queries.invalidateQueries({ queryKey: ['sweep', id] }),
  });
  if (state !== 'running' && state !== 'paused') return null;
  const verb = state === 'paused' ? 'resume' : 'pause';
  return (
    <div className="actions">
      <button type="button" disabled={change.isPending} onClick={() => change.mutate(verb)}>
        {verb === 'pause' ? 'Pause' : 'Resume'}
      </button>
      <button
        type="button"
        className="danger"
        disabled={change.isPending}
        onClick={() => change.mutate('cancel')}
      >
        Cancel
      </button>
      <Problem error={change.error} />
    </div>
  );
}

function Trials({
  trials,
  fields,
}: {
  readonly trials: readonly Trial[];
  readonly fields: readonly string[];
}) {
  return (
    <Scroll label="Trials">
      <table className="list stacked">
        <thead>
          <tr>
            <th>Trial</th>
            <th>State</th>
            <th>Value</th>
            {fields.map((name) => (
              <th key={name}>{name}</th>
            ))}
            <th>Rungs</th>
            <th>Device time</th>
            <th>Jobs</th>
          </tr>
        </thead>
        <tbody>
          {trials.map(({ number, state, value, spread, parameters, runs }) => (
            <tr key={number}>
              <td>{number}</td>
              <td>
                <span className={`badge ${state}`}>{state}</span>
              </td>
              <td>
                {figure(value, 4)} {spread !== null && `± ${figure(spread, 2)}`}
              </td>
              {fields.map((name) => (
                <td key={name}>{shown(parameters[name])}</td>
              ))}
              <td>{runs[0]?.rungs.map((rung) => figure(rung.value, 4)).join(' → ')}</td>
              <td>{duration(runs.reduce((sum, run) => sum + run.device_seconds, 0))}</td>
              <td>
                {runs.map(
                  ({ job_id: job, repeat }) =>
                    job && (
                      <Link key={job} href={`/jobs/${job}`}>
                        {repeat + 1}{' '}
                      </Link>
                    ),
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

const shown = (value: Trial['parameters'][string] | undefined): string =>
  typeof value === 'number' ? figure(value, 4) : String(value ?? '–');
