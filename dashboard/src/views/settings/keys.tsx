import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { emptied } from '../../../../client/src/index.js';
import { moment } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { keysQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { NewKey } from './new-key.js';

/** The keys of the tenant. A new one is shown once. */
export function KeysPanel({ session }: { readonly session: Schemas['Session'] }) {
  const queries = useQueryClient();
  const { data = [], error } = useQuery(keysQuery());
  const [problem, setProblem] = useState<unknown>(null);
  const refresh = () => queries.invalidateQueries({ queryKey: ['keys'] });
  const revoke = (id: string) => (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    emptied(strata.http.DELETE('/api-keys/{id}', { params: { path: { id } } })).then(refresh, setProblem);
  };
  return (
    <Panel
      title="API keys"
      note="A revoked key is refused within a second, also in browsers that signed in with it."
    >
      <Problem error={problem ?? error} />
      <Scroll label="API keys">
        <table className="list">
          <thead>
            <tr>
              <th>Name</th>
              <th>Scopes</th>
              <th>Created</th>
              <th>Revoke</th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ id, name, scopes, created_at: at }) => (
              <tr key={id}>
                <td>
                  {name} {id === session.key_id && <span className="badge">yours</span>}
                </td>
                <td>{scopes.join(', ')}</td>
                <td>{moment(at)}</td>
                <td>
                  <details>
                    <summary aria-label={`Revoke ${name}`}>Revoke…</summary>
                    <form onSubmit={revoke(id)}>
                      <button type="submit" className="danger">
                        Revoke {name}
                      </button>
                    </form>
                  </details>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {data.length === 0 && !error && (
        <p className="quiet">No keys. Once the first one exists, every request needs a key.</p>
      )}
      <NewKey isFirst={session.key_id === null} onCreated={refresh} />
    </Panel>
  );
}
