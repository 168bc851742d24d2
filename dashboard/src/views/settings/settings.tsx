import { useQuery } from '@tanstack/react-query';
import { moment } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { PendingPage } from '../../parts/pending-page.js';
import { sessionQuery } from '../../queries.js';
import { KeysPanel } from './keys.js';
import { WebhooksPanel } from './webhooks.js';

/** Who may use the server, and who is told about jobs. */
export default function SettingsView() {
  const { data: session, error } = useQuery(sessionQuery());
  if (!session) return <PendingPage error={error} />;
  const { tenant, scopes, key_id: key, expires_at: end } = session;
  return (
    <main className="page">
      <h1>Settings</h1>
      <div className="columns">
        <div className="main-column">
          {scopes.includes('admin') ? (
            <KeysPanel session={session} />
          ) : (
            <Panel title="API keys">
              <p className="quiet">Your key has no scope admin, so it cannot list or change keys.</p>
            </Panel>
          )}
          {scopes.includes('jobs:read') ? (
            <WebhooksPanel mayChange={scopes.includes('jobs:write')} />
          ) : (
            <Panel title="Webhooks">
              <p className="quiet">Your key has no scope jobs:read, so it cannot list webhooks.</p>
            </Panel>
          )}
          <Panel title="Trackers">
            <p>
              An MLflow server is named by each job, in its field <code>trackers</code>, and follows it while
              it runs. The page of a job shows its spec.
            </p>
          </Panel>
        </div>
        <aside className="rail">
          <Panel title="You">
            <dl className="figures">
              <dt>Tenant</dt>
              <dd>{tenant}</dd>
              <dt>Key</dt>
              <dd>{key ?? 'none is needed yet'}</dd>
              <dt>Scopes</dt>
              <dd>{scopes.join(', ')}</dd>
              <dt>Signed in until</dt>
              <dd>{moment(end)}</dd>
            </dl>
          </Panel>
        </aside>
      </div>
    </main>
  );
}
