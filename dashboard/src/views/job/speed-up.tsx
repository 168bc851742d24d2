import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { barsOf, figuresOf, type IdleCause } from '../../../../client/src/timeline/index.js';
import { bytes, duration, figure, percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { attemptsQuery, usageQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';

const CAUSES: Readonly<Record<IdleCause, string>> = {
  messages: 'waiting for messages',
  whole_network: 'beside tasks of the whole network',
  nothing_running: 'with no task of this job running',
};

const REASONS: Readonly<Record<NonNullable<Schemas['JobResult']['speedup_reason']>, string>> = {
  one_stage: 'Not measured: the job has one stage.',
  stages_in_turn: 'Not measured: the stages of this method train one after another.',
  no_end_to_end_task: 'Not measured: no end-to-end task shows how long a step of the whole network takes.',
  no_stage_task: 'Not measured: no task of a stage has ended.',
  repeated_task: 'Not measured: a task was lost or failed and ran again.',
  mixed_devices: 'Not measured: the tasks ran on devices of different kinds.',
  paused: 'Not measured: the job was paused.',
  no_times: 'Not measured: the tasks reported no times.',
};
const MEANING =
  'Measured: the time of layer-serial back-propagation on one device over the time of this job.';

export function SpeedUpPanel({ job }: { readonly job: Schemas['Job'] }) {
  const { data } = useQuery(attemptsQuery(job.id));
  const { data: usage } = useQuery(usageQuery(job));
  const figures = useMemo(() => (data ? figuresOf(barsOf(data, Date.now())) : null), [data]);
  const { speedup = null, speedup_reason: reason = null } = job.result ?? {};
  return (
    <Panel title="Speed-up" note={reason === null ? MEANING : REASONS[reason]}>
      <dl className="figures">
        <dt>Measured</dt>
        <dd>{speedup ? `${figure(speedup.measured)}×` : '–'}</dd>
        <dt>Expected of the plan</dt>
        <dd>{speedup ? `${figure(speedup.predicted)}×` : '–'}</dd>
        {figures && (
          <>
            <dt>Slots at work, mean</dt>
            <dd>
              {figure(figures.meanAtWork)} of {figures.maxAtWork}
            </dd>
            <dt>Slot time idle</dt>
            <dd>{percent(figures.idleShare)}</dd>
            {Object.entries(CAUSES).map(([cause, words]) => (
              <Cause key={cause} words={words} seconds={figures.idleSeconds[cause as IdleCause]} />
            ))}
            <dt>Lost to retries</dt>
            <dd>{duration(figures.lostSeconds)}</dd>
            <dt>Device time</dt>
            <dd>{duration(figures.deviceSeconds)}</dd>
          </>
        )}
        {usage && (
          <>
            <dt>Messages between stages</dt>
            <dd>{bytes(usage.message_bytes)}</dd>
          </>
        )}
      </dl>
    </Panel>
  );
}

function Cause({ words, seconds }: { readonly words: string; readonly seconds: number }) {
  return (
    <>
      <dt className="indented">{words}</dt>
      <dd>{duration(seconds)}</dd>
    </>
  );
}
