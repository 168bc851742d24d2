import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { ChartPanel } from '../../charts/chart-panel.js';
import { curvesByName, curvesByStage } from '../../charts/curves.js';
import { clock } from '../../format.js';
import { useAsOf } from '../../live.js';
import { PendingPage } from '../../parts/pending-page.js';
import { Problem } from '../../parts/problem.js';
import { Progress } from '../../parts/progress.js';
import { StateBadge } from '../../parts/state-badge.js';
import { jobQuery, metricsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { Actions } from './actions.js';
import { ArtifactsPanel } from './artifacts.js';
import { CheckpointsPanel } from './checkpoints.js';
import { ClassesPanel } from './classes.js';
import { DiagnosticsPanel } from './diagnostics.js';
import { EventsPanel } from './events.js';
import { LogsPanel } from './logs.js';
import { NotesPanel } from './notes.js';
import { SchedulePanel } from './schedule.js';
import { SpecPanel } from './spec.js';
import { SpeedUpPanel } from './speed-up.js';

export default function JobView({ id }: { readonly id: string }) {
  const { data: job, error } = useQuery(jobQuery(id));
  const asOf = useAsOf();
  if (!job) return <PendingPage error={error} />;
  return (
    <main className="page">
      <Head job={job} asOf={asOf} />
      <div className="columns">
        <div className="main-column">
          <SchedulePanel job={job} />
          <Charts id={id} isRunning={job.finished_at === null} />
          <CheckpointsPanel job={job} />
          <LogsPanel id={id} />
        </div>
        <aside className="rail">
          <SpeedUpPanel job={job} />
          <ClassesPanel job={job} />
          <DiagnosticsPanel job={job} />
          <EventsPanel id={id} />
          <ArtifactsPanel job={job} />
          <NotesPanel job={job} />
          <SpecPanel job={job} />
        </aside>
      </div>
    </main>
  );
}

const ENDED: Partial<Record<Schemas['JobResult']['ended'], string>> = {
  early: 'The layer-parallel phase ended early, because its figures stopped improving.',
  target: 'The layer-parallel phase ended early, because it reached its target.',
  budget: 'The layer-parallel phase ended early, because the budget of device time was spent.',
};

function Head({ job, asOf }: { readonly job: Schemas['Job']; readonly asOf: Date | null }) {
  const { name, id, state, progress } = job;
  return (
    <>
      <div className="head">
        <h1>{name || id}</h1>
        <StateBadge state={state} />
        <Progress share={progress} label="Progress" />
        {job.finished_at === null && <span className="quiet">live, as of {clock(asOf)}</span>}
        <Actions job={job} />
      </div>
      {job.result && ENDED[job.result.ended] && <p className="quiet">{ENDED[job.result.ended]}</p>}
      {job.state_reason && !job.error && <p className="quiet">{job.state_reason}</p>}
      {job.error && (
        <div role="alert" className="problem">
          <p>
            <code>{job.error.code}</code>: {job.error.message}
          </p>
        </div>
      )}
    </>
  );
}

const ACCURACIES = [
  'test_accuracy',
  'compact_accuracy',
  'validation_accuracy',
  'compact_validation_accuracy',
];

function Charts({ id, isRunning }: { readonly id: string; readonly isRunning: boolean }) {
  const { data = [], error } = useQuery(metricsQuery(id, isRunning));
  const curves = useMemo(
    () => ({
      loss: curvesByStage(data, 'loss'),
      accuracy: curvesByName(data, ACCURACIES),
      violation: curvesByStage(data, 'violation'),
      speed: curvesByStage(data, 'images_per_second'),
    }),
    [data],
  );
  return (
    <>
      <Problem error={error} />
      <div className="charts">
        <ChartPanel
          title="Loss by stage"
          curves={curves.loss}
          log
          note="The last stage has the network's own loss; the others learn to meet the input that the next stage wants. Falling is good."
        />
        <ChartPanel
          title="Accuracy"
          curves={curves.accuracy}
          note="The full network, and the compact one: the last AuxNet and the last stage."
        />
        {curves.violation.length > 0 && (
          <ChartPanel
            title="Constraint violation"
            curves={curves.violation}
            note="Distance of a stage's output from the input that the next stage trains on, relative to its size. Good: it falls."
          />
        )}
        <ChartPanel
          title="Images per second"
          curves={curves.speed}
          note="Measured by each stage while it trained. Stages of equal speed share the work evenly."
        />
      </div>
    </>
  );
}
