import { useQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import { moment } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { PendingPage } from '../../parts/pending-page.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { registeredModelQuery, registeredNamesQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { AliasesPanel } from './aliases.js';
import { PromotionsPanel } from './promotions.js';
import { registryPage } from './registry-page.js';

export default function RegistryView() {
  const [parameters] = useSearchParams();
  const name = parameters.get('name');
  return name === null ? <NamesView /> : <NameView name={name} />;
}

/** The names of models, each with its latest version and the aliases of its models. */
function NamesView() {
  const { data, error, isPending } = useQuery(registeredNamesQuery());
  return (
    <main className="page">
      <h1>Registry</h1>
      <Problem error={error} />
      {isPending && !error && <p className="quiet">Loading…</p>}
      {data?.length === 0 && <p>No models yet. Every job that succeeds leaves one.</p>}
      {data && data.length > 0 && <NamesTable names={data} />}
    </main>
  );
}

function NamesTable({ names }: { readonly names: readonly Schemas['RegisteredName'][] }) {
  return (
    <Scroll label="Names">
      <table className="list stacked">
        <thead>
          <tr>
            <th>Name</th>
            <th>Latest version</th>
            <th>Aliases</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {names.map(({ name, latest_version: latest, aliases, created_at: at }) => (
            <tr key={name}>
              <td data-label="Name">
                <Link href={registryPage(name)}>{name}</Link>
              </td>
              <td data-label="Latest version">{latest}</td>
              <td data-label="Aliases">
                {aliases.map(({ alias, version }) => `${alias} (${version})`).join(', ')}
              </td>
              <td data-label="Created">{moment(at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function NameView({ name }: { readonly name: string }) {
  const { data, error } = useQuery(registeredModelQuery(name));
  if (!data) return <PendingPage error={error} />;
  return (
    <main className="page">
      <h1>{name}</h1>
      <p>
        {data.latest_version} {data.latest_version === 1 ? 'version' : 'versions'} so far.{' '}
        <Link href="/registry">All names</Link>
      </p>
      <div className="main-column">
        <AliasesPanel model={data} />
        <PromotionsPanel model={data} />
        <VersionsPanel versions={data.versions} aliases={data.aliases} />
      </div>
    </main>
  );
}

type Registered = Schemas['RegisteredModel'];

function VersionsPanel({ versions, aliases }: Pick<Registered, 'versions' | 'aliases'>) {
  return (
    <Panel title="Versions" note="A number is never used again, even if its model is deleted.">
      <Scroll label="Versions" className="scroll tall">
        <table className="list stacked">
          <thead>
            <tr>
              <th>Version</th>
              <th>Model</th>
              <th>Aliases</th>
              <th>Created</th>
            </tr>
          </thead>
          <tbody>
            {versions.map(({ version, model_id: model, created_at: at }) => (
              <tr key={version}>
                <td data-label="Version">{version}</td>
                <td data-label="Model">
                  {model === null ? 'deleted or renamed' : <Link href={`/models/${model}`}>{model}</Link>}
                </td>
                <td data-label="Aliases">
                  {aliases
                    .filter((alias) => alias.version === version)
                    .map(({ alias }) => (
                      <span key={alias} className="badge">
                        {alias}
                      </span>
                    ))}
                </td>
                <td data-label="Created">{moment(at)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
