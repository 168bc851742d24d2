import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useState } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { AsOf, useLiveEvents } from './live.js';
import { Boundary } from './parts/boundary.js';
import { SignIn } from './parts/sign-in.js';
import { healthQuery, jobsQuery, sessionQuery } from './queries.js';
import { needsKey, signOut } from './server.js';
import { useShortcuts } from './shortcuts.js';
import { JobsView } from './views/jobs/jobs.js';

// The list of jobs is the first view; each other one is loaded when it is first shown.
const JobView = lazy(() => import('./views/job/job.js'));
const NewJobView = lazy(() => import('./views/new-job/new-job.js'));
const CompareView = lazy(() => import('./views/compare/compare.js'));
const ModelsView = lazy(() => import('./views/models/models.js'));
const ModelView = lazy(() => import('./views/models/model.js'));
const EvaluationsView = lazy(() => import('./views/evaluations/evaluations.js'));
const EvaluationView = lazy(() => import('./views/evaluations/evaluation.js'));
const BatchesView = lazy(() => import('./views/batches/batches.js'));
const BatchView = lazy(() => import('./views/batches/batch.js'));
const RegistryView = lazy(() => import('./views/registry/registry.js'));
const DatasetsView = lazy(() => import('./views/datasets/datasets.js'));
const DatasetView = lazy(() => import('./views/datasets/dataset.js'));
const SettingsView = lazy(() => import('./views/settings/settings.js'));
const SweepsView = lazy(() => import('./views/sweeps/sweeps.js'));
const SweepView = lazy(() => import('./views/sweeps/sweep.js'));
const WorkersView = lazy(() => import('./views/workers.js'));

const PAGES = [
  ['/jobs', 'Jobs'],
  ['/sweeps', 'Sweeps'],
  ['/models', 'Models'],
  ['/registry', 'Registry'],
  ['/evaluations', 'Evaluations'],
  ['/batch-predictions', 'Batches'],
  ['/datasets', 'Datasets'],
  ['/workers', 'Workers'],
  ['/settings', 'Settings'],
] as const;

export function Shell() {
  const [path] = useLocation();
  const first = useQuery(jobsQuery({}));
  const [showsKeys, setShowsKeys] = useState(false);
  useShortcuts(() => setShowsKeys((shown) => !shown));
  useEffect(() => {
    document.title = `${PAGES.find(([start]) => path.startsWith(start))?.[1] ?? 'Strata'} – Strata`;
  }, [path]);
  const asOf = useLiveEvents(first.isSuccess);
  if (needsKey(first.error)) return <SignIn />;
  return (
    <AsOf value={asOf}>
      <header className="top">
        <Link href="/jobs" className="brand">
          Strata
        </Link>
        <nav aria-label="Main">
          {PAGES.map(([href, name]) => (
            <Link key={href} href={href} aria-current={path.startsWith(href) ? 'page' : undefined}>
              {name}
            </Link>
          ))}
        </nav>
        <Health />
        <a href="/docs/">API</a>
        <Caller />
      </header>
      {showsKeys && <Keys close={() => setShowsKeys(false)} />}
      <Boundary key={path} name="page">
        <Suspense fallback={<p className="quiet page">Loading…</p>}>
          <Switch>
            <Route path="/jobs/new" component={NewJobView} />
            <Route path="/jobs/:id">{({ id }) => <JobView id={id} />}</Route>
            <Route path="/jobs" component={JobsView} />
            <Route path="/compare" component={CompareView} />
            <Route path="/sweeps/:id">{({ id }) => <SweepView id={id} />}</Route>
            <Route path="/sweeps" component={SweepsView} />
            <Route path="/models/:id">{({ id }) => <ModelView id={id} />}</Route>
            <Route path="/models" component={ModelsView} />
            <Route path="/registry" component={RegistryView} />
            <Route path="/evaluations/:id">{({ id }) => <EvaluationView id={id} />}</Route>
            <Route path="/evaluations" component={EvaluationsView} />
            <Route path="/batch-predictions/:id">{({ id }) => <BatchView id={id} />}</Route>
            <Route path="/batch-predictions" component={BatchesView} />
            <Route path="/datasets/:id">{({ id }) => <DatasetView id={id} />}</Route>
            <Route path="/datasets" component={DatasetsView} />
            <Route path="/workers" component={WorkersView} />
            <Route path="/settings" component={SettingsView} />
            <Route path="/">
              <Redirect to="/jobs" />
            </Route>
            <Route>
              <main className="page">
                <h1>There is no such page</h1>
                <Link href="/jobs">All jobs</Link>
              </main>
            </Route>
          </Switch>
        </Suspense>
      </Boundary>
    </AsOf>
  );
}

/** The tenant of the session, and the way out. A server without keys has neither. */
function Caller() {
  const { data } = useQuery(sessionQuery());
  if (!data || data.key_id === null) return null;
  return (
    <>
      <span className="quiet" title={data.scopes.join(', ')}>
        {data.tenant}
      </span>
      <button type="button" onClick={() => void signOut()}>
        Sign out
      </button>
    </>
  );
}

function Health() {
  const { data, isError, dataUpdatedAt } = useQuery(healthQuery());
  if (isError || data === null) {
    return <span className="health bad">The server does not answer; pages show what they last read.</span>;
  }
  if (!data) return <span className="health quiet">…</span>;
  const problems = data.problems.join(' ');
  return (
    <span className={`health ${data.status === 'ok' ? 'good' : 'warn'}`} title={problems}>
      {data.status === 'ok' ? 'live' : problems || data.status}, as of{' '}
      {new Date(dataUpdatedAt).toLocaleTimeString([], { hour12: false })}
    </span>
  );
}

function Keys({ close }: { close: () => void }) {
  return (
    <section className="panel keys" aria-label="Keyboard">
      <p>
        <kbd>g</kbd> then <kbd>j</kbd> jobs, <kbd>m</kbd> models, <kbd>r</kbd> registry, <kbd>e</kbd>{' '}
        evaluations, <kbd>d</kbd> datasets, <kbd>w</kbd> workers, <kbd>s</kbd> settings. <kbd>n</kbd> new job.{' '}
        <kbd>?</kbd> this list.
      </p>
      <button type="button" onClick={close}>
        Close
      </button>
    </section>
  );
}
