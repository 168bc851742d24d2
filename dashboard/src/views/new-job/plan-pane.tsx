import { Fragment } from 'react';
import { bytes, duration, figure } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import type { DryRun } from './dry-run.js';

/** Cost of the job: the answer of a dry run, and of `POST /plans`. */
export function PlanPane({ run }: { readonly run: DryRun }) {
  const { job, isChecking } = run;
  const prediction = job?.prediction;
  return (
    <Panel
      title="Plan"
      note={isChecking ? 'Checking…' : 'By a dry run; nothing is stored until you create the job.'}
    >
      {!job && <p className="quiet">The plan is shown once the settings are valid.</p>}
      {job && (
        <dl className="figures">
          <dt>Optimizer steps</dt>
          <dd>{job.plan.total_steps}</dd>
          <dt>Tasks</dt>
          <dd>{job.plan.tasks}</dd>
          <dt>Rounds in parallel</dt>
          <dd>
            {job.plan.parallel_rounds} of {job.plan.round_steps} steps
          </dd>
          <dt>Split into blocks</dt>
          <dd>
            {Array.isArray(job.spec.method.split) ? job.spec.method.split.join(' + ') : job.spec.method.split}
          </dd>
          <dt>Learning rate</dt>
          <dd>{figure(job.spec.optimizer.learning_rate)}</dd>
        </dl>
      )}
      {prediction && <Prediction prediction={prediction} />}
    </Panel>
  );
}

type Plan = NonNullable<NonNullable<DryRun['job']>['prediction']>;

function Prediction({ prediction }: { readonly prediction: Plan }) {
  const { speedups, stages, recommendation, source, method } = prediction;
  const { frozen_features: frozen, unfrozen, pruned } = prediction;
  const slowest = Math.max(...stages.map(({ step_seconds: step }) => step));
  return (
    <>
      <dl className="figures">
        <dt>Step of the slowest stage ({source})</dt>
        <dd>{duration(slowest)}</dd>
        <dt>Memory of the largest stage</dt>
        <dd>{bytes(Math.max(...stages.map(({ memory_bytes: memory }) => memory)))}</dd>
        {frozen && (
          <>
            <dt>Features of frozen blocks</dt>
            <dd>
              {frozen.obstacle === null
                ? `stored once, ${bytes(frozen.bytes)}; ${duration(frozen.saved_seconds)} less a step`
                : `computed in every step (${frozen.obstacle})`}
            </dd>
          </>
        )}
        {unfrozen && (
          <>
            <dt>Step of the slowest stage after epoch {unfrozen.from_epoch}, when every block trains</dt>
            <dd>{duration(Math.max(...unfrozen.stages.map(({ step_seconds: step }) => step)))}</dd>
          </>
        )}
        {pruned && (
          <>
            <dt>
              Step of the slowest stage from round {pruned.from_round} on, with the channels that are left
            </dt>
            <dd>{duration(Math.max(...pruned.stages.map(({ step_seconds: step }) => step)))}</dd>
          </>
        )}
      </dl>
      {speedups.length > 0 && <SpeedUps speedups={speedups} stages={method.stages} />}
      <Methods methods={prediction.methods} />
      <p className="note">{recommendation.reason}</p>
    </>
  );
}

/** Predicted speed-up of the whole run for each number of stages, as bars. */
function SpeedUps({ speedups, stages }: { readonly speedups: Plan['speedups']; readonly stages: number }) {
  const most = Math.max(...speedups.map(({ whole_run: speedup }) => speedup));
  return (
    <>
      <h3>Speed-up on K devices, whole run</h3>
      <ol className="bars">
        {speedups.map(({ stages: count, whole_run: speedup }) => (
          <li key={count} aria-current={count === stages ? 'true' : undefined}>
            <span>{count}</span>
            <meter min={0} max={most} value={speedup} aria-label={`${count} stages`} />
            <span>{figure(speedup)}×</span>
          </li>
        ))}
      </ol>
    </>
  );
}

/** The best way to train by each method, the recommended one first. */
function Methods({ methods }: Pick<Plan, 'methods'>) {
  return (
    <>
      <h3>Methods on these devices</h3>
      <dl className="figures">
        {methods.map(({ name, fits, seconds, memory_bytes: memory, accuracy, reason }) => (
          <Fragment key={name}>
            <dt title={reason}>{name}</dt>
            <dd>
              {fits ? duration(seconds) : 'does not fit'}, {bytes(memory)}
              {accuracy.points === null ? '' : `, ${figure(accuracy.points)} points`}
            </dd>
          </Fragment>
        ))}
      </dl>
    </>
  );
}
