import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import type { Sweep, Trial } from '../../../../client/src/index.js';
import { duration, figure } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { PendingPage } from '../../parts/pending-page.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { sweepQuery, trialsQuery } from '../../queries.js';
import { strata } from '../../server.js';
import { axesOf } from './axes.js';
import { Coordinates } from './coordinates.js';

export default function SweepView({ id }: { readonly id: string }) {
  const { data: sweep, error } = useQuery(sweepQuery(id));
  const { data: trials = [] } = useQuery(trialsQuery(id));
  if (!sweep) return <PendingPage error={error} />;
  return (
    <main className="page">
      <div className="head">
        <h1>{sweep.name || id}</h1>
        <span className={`badge ${sweep.state}`}>{sweep.state}</span>
        <Actions sweep={sweep} />
      </div>
      <div className="main-column">
        <Facts sweep={sweep} />
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
  const { ended, best, spent, counts, spec, refused, refit_job_id: refit } = sweep;
  const budget = spec.limits.device_seconds;
  return (
    <Panel title="Search">
      <dl className="figures">
        <dt>Trials</dt>
        <dd>{countsOf(counts)}</dd>
        <dt>Best</dt>
        <dd>
          {best ? `trial ${best.number} with ${spec.objective.metric} ${figure(best.value, 4)}` : 'none yet'}
        </dd>
        <dt>Device time</dt>
        <dd>
          {duration(spent.device_seconds)}
          {budget !== null && (
            <>
              {' '}
              of {duration(budget)} <progress aria-label="Budget" value={spent.device_seconds} max={budget} />
            </>
          )}
        </dd>
        {ended && (
          <>
            <dt>Ended</dt>
            <dd>{ended.replace('_', ' ')}</dd>
          </>
        )}
        {refit && (
          <>
            <dt>Best point, once more</dt>
            <dd>
              <Link href={`/jobs/${refit}`}>{refit}</Link>
            </dd>
          </>
        )}
      </dl>
      {refused !== null && (
        <p className="quiet">
          {counts.refused} {counts.refused === 1 ? 'point was' : 'points were'} refused: {refused}
        </p>
      )}
    </Panel>
  );
}

/** The states that trials are in, with their numbers. */
function countsOf({ refused: _, ...states }: Sweep['counts']): string {
  const there = Object.entries(states).filter(([, count]) => count > 0);
  return there.map(([state, count]) => `${count} ${state}`).join(', ');
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
              <td data-label="Trial">{number}</td>
              <td data-label="State">
                <span className={`badge ${state}`}>{state}</span>
              </td>
              <td data-label="Value">
                {figure(value, 4)} {spread !== null && `± ${figure(spread, 2)}`}
              </td>
              {fields.map((name) => (
                <td key={name} data-label={name}>
                  {shown(parameters[name])}
                </td>
              ))}
              <td data-label="Rungs">{runs[0]?.rungs.map((rung) => figure(rung.value, 4)).join(' → ')}</td>
              <td data-label="Device time">
                {duration(runs.reduce((sum, run) => sum + run.device_seconds, 0))}
              </td>
              <td data-label="Jobs">
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
