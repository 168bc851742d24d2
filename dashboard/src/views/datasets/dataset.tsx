import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { bytes, moment } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { PendingPage } from '../../parts/pending-page.js';
import { Progress } from '../../parts/progress.js';
import { StateBadge } from '../../parts/state-badge.js';
import { datasetQuery } from '../../queries.js';
import { MetadataPanel } from './metadata.js';
import { SamplePanels } from './samples.js';

export default function DatasetView({ id }: { readonly id: string }) {
  const { data, error } = useQuery(datasetQuery(id));
  if (!data) return <PendingPage error={error} />;
  const {
    name,
    state,
    progress,
    format,
    source,
    classes,
    image,
    splits,
    problems,
    problem_count: count,
  } = data;
  return (
    <main className="page">
      <div className="head">
        <h1>{name}</h1>
        <StateBadge state={state} />
        {progress && <Progress share={progress.share} label="Validation" />}
        {progress && <span className="quiet">{progress.images.toLocaleString()} images read</span>}
        {state === 'ready' && (
          <Link className="button primary" href="/jobs/new">
            Train on it
          </Link>
        )}
      </div>
      <div className="columns">
        <div className="main-column">
          {state === 'ready' && <SamplePanels dataset={data} />}
          <MetadataPanel columns={data.metadata} />
          <Panel title={`Problems (${count})`}>
            {problems.length === 0 && <p className="quiet">None were found.</p>}
            <ul className="events">
              {problems.map(({ code, severity, message, file }) => (
                <li key={code + message + file} className={severity}>
                  <code>{code}</code> {message} {file && <span className="quiet">{file}</span>}
                </li>
              ))}
            </ul>
          </Panel>
        </div>
        <aside className="rail">
          <Panel title="Facts">
            <dl className="figures">
              <dt>Train</dt>
              <dd>{splits.train.count.toLocaleString()}</dd>
              <dt>Validation</dt>
              <dd>{splits.validation.count.toLocaleString()}</dd>
              <dt>Test</dt>
              <dd>{splits.test.count.toLocaleString()}</dd>
              <dt>Classes</dt>
              <dd>{classes.length || '–'}</dd>
              <dt>Images</dt>
              <dd>{image ? `${image.height}×${image.width}×${image.channels}` : '–'}</dd>
              <dt>Format</dt>
              <dd>{format ?? '–'}</dd>
              <dt>Source</dt>
              <dd>
                {source?.kind ?? '–'}
                {source?.size_bytes != null && `, ${bytes(source.size_bytes)}`}
              </dd>
              <dt>Created</dt>
              <dd>{moment(data.created_at)}</dd>
            </dl>
          </Panel>
        </aside>
      </div>
    </main>
  );
}
