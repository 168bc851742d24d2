import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { Link } from 'wouter';
import { bytes, percent } from '../../format.js';
import { Cancel } from '../../parts/cancel.js';
import { Panel } from '../../parts/panel.js';
import { PendingPage } from '../../parts/pending-page.js';
import { Progress } from '../../parts/progress.js';
import { StateBadge } from '../../parts/state-badge.js';
import { batchQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { imagesOf, shareDone } from './input.js';

type Batch = Schemas['BatchPrediction'];

export default function BatchView({ id }: { readonly id: string }) {
  const { data, error } = useQuery(batchQuery(id));
  if (!data) return <PendingPage error={error} />;
  const { input, state, counts, finished_at } = data;
  return (
    <main className="page">
      <div className="head">
        <h1>{imagesOf(input)}</h1>
        <StateBadge state={state} />
        {finished_at === null && (
          <>
            <Progress share={shareDone(counts)} label="Batch prediction" />
            <Cancel cancel={() => strata.batches.cancel(id)} changed={['batch', id]} />
          </>
        )}
      </div>
      {data.error && <p className="error">{data.error.message}</p>}
      <p>
        Predictions of <Link href={`/models/${data.model_id}`}>{data.model_name}</Link>, {data.variant}{' '}
        network.
      </p>
      <div className="main-column">
        <CountsPanel batch={data} />
        <ResultPanel batch={data} />
      </div>
    </main>
  );
}

function CountsPanel({ batch: { counts, cascade, max_failed_share } }: { readonly batch: Batch }) {
  const rows: readonly (readonly [string, string])[] = [
    ['Images', counts.total.toLocaleString()],
    ['Done', counts.done.toLocaleString()],
    ['Unreadable', `${counts.failed.toLocaleString()} (allowed: ${percent(max_failed_share)})`],
    ...(cascade
      ? ([
          ['Threshold', String(cascade.threshold)],
          ['Answered by the compact network', sharedBy(counts)],
        ] as const)
      : []),
  ];
  return (
    <Panel title="Images">
      <dl className="figures">
        {rows.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
    </Panel>
  );
}

function sharedBy({ by_compact, done, failed }: Batch['counts']): string {
  const answered = done - failed;
  return answered === 0 ? '–' : `${by_compact.toLocaleString()} (${percent(by_compact / answered)})`;
}

function ResultPanel({ batch: { state, output, counts, links } }: { readonly batch: Batch }) {
  const hasResult = state === 'succeeded' || state === 'failed';
  return (
    <Panel title="Result" note="One line for each image, in the order of the input.">
      {!hasResult && <p className="quiet">There is no result yet.</p>}
      {hasResult && (
        <p>
          <a href={links.result} download>
            Download the result
          </a>{' '}
          ({output.format}, {bytes(output.size_bytes)})
        </p>
      )}
      {hasResult && counts.failed > 0 && (
        <p>
          <a href={links.errors} download>
            Download the errors
          </a>{' '}
          ({counts.failed.toLocaleString()} images)
        </p>
      )}
    </Panel>
  );
}
