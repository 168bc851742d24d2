import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'wouter';
import { ChartPanel } from '../../charts/chart-panel.js';
import { percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { jobQuery, metricsQuery } from '../../queries.js';
import { AXES, type Axis, comparedCurves, differences, type Entry } from './entries.js';

const MAX_JOBS = 8;

export default function CompareView() {
  const [parameters, setParameters] = useSearchParams();
  const ids = (parameters.get('jobs') ?? '').split(',').filter(Boolean).slice(0, MAX_JOBS);
  const axis: Axis = AXES.find((each) => each === parameters.get('x')) ?? 'step';
  const jobs = useQueries({ queries: ids.map((id) => jobQuery(id)) });
  const metrics = useQueries({ queries: ids.map((id) => metricsQuery(id)) });
  const entries: Entry[] = jobs.flatMap(({ data: job }, index) =>
    job ? [{ job, series: metrics[index]?.data ?? [], index }] : [],
  );
  const setAxis = (x: Axis) => setParameters({ jobs: ids.join(','), x });
  return (
    <main className="page">
      <div className="head">
        <h1>Compare</h1>
        <label htmlFor="axis">
          Against{' '}
          <select id="axis" value={axis} onChange={({ target }) => setAxis(target.value as Axis)}>
            {AXES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </label>
      </div>
      {jobs.map(({ error }, index) => (
        <Problem key={ids[index]} error={error} />
      ))}
      {ids.length === 0 && (
        <p>
          Choose jobs in the <Link href="/jobs">list of jobs</Link>, up to eight.
        </p>
      )}
      <Curves entries={entries} axis={axis} />
      <Differences entries={entries} />
    </main>
  );
}

interface CurvesProps {
  readonly entries: readonly Entry[];
  readonly axis: Axis;
}

function Curves({ entries, axis }: CurvesProps) {
  // The queries give new arrays at each render; their contents change only with these.
  const key = JSON.stringify([
    axis,
    entries.map(({ job, series }) => [job.id, series.map(({ points }) => points.length)]),
  ]);
  const curves = useMemo(
    () => ({
      accuracy: comparedCurves(entries, ['test_accuracy', 'validation_accuracy'], axis),
      loss: comparedCurves(entries, ['loss'], axis),
    }),
    [key],
  );
  return (
    <div className="charts">
      <ChartPanel
        title="Accuracy of the full network"
        curves={curves.accuracy}
        xLabel={axis}
        note="Higher is better."
      />
      <ChartPanel
        title="Loss of the last stage"
        curves={curves.loss}
        xLabel={axis}
        log
        note="The last stage has the network's own loss, so its values can be compared between methods."
      />
    </div>
  );
}

function Differences({ entries }: { readonly entries: readonly Entry[] }) {
  const rows = differences(entries.map(({ job }) => job.spec));
  if (entries.length === 0) return null;
  return (
    <Panel title="Results and differing settings" wide>
      <Scroll label="Differences">
        <table className="list">
          <thead>
            <tr>
              <th>Setting</th>
              {entries.map(({ job }) => (
                <th key={job.id}>
                  <Link href={`/jobs/${job.id}`}>{job.name || job.id}</Link>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <td>state</td>
              {entries.map(({ job }) => (
                <td key={job.id}>{job.state}</td>
              ))}
            </tr>
            <tr>
              <td>test accuracy</td>
              {entries.map(({ job }) => (
                <td key={job.id}>{percent(job.result?.test_accuracy)}</td>
              ))}
            </tr>
            {rows.map(([name, values]) => (
              <tr key={name}>
                <td>{name}</td>
                {values.map((value, index) => (
                  <td key={entries[index]?.job.id}>{value}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {rows.length === 0 && <p className="quiet">All settings are the same.</p>}
    </Panel>
  );
}
