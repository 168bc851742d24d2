import { type FormEvent, useState } from 'react';
import { answered } from '../../../../client/src/index.js';
import { Problem } from '../../parts/problem.js';
import { type Schemas, signIn, strata } from '../../server.js';

type Scope = Schemas['Scope'];

const SCOPES = [
  'jobs:read',
  'jobs:write',
  'datasets:write',
  'models:read',
  'models:write',
  'admin',
] as const satisfies readonly Scope[];

interface Props {
  /** Whether it may be the first key, from which on this browser needs one too. */
  readonly isFirst: boolean;
  readonly onCreated: () => void;
}

/** A form for a key. Its text is shown once, because the server does not keep it. */
export function NewKey({ isFirst, onCreated }: Props) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly Scope[]>(isFirst ? SCOPES : ['jobs:read', 'models:read']);
  const [made, setMade] = useState<string | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const toggle = (scope: Scope) =>
    setScopes((now) => (now.includes(scope) ? now.filter((each) => each !== scope) : [...now, scope]));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      const body = { name, scopes: [...scopes] };
      const { key } = await answered(strata.http.POST('/api-keys', { body }));
      setMade(key);
      setName('');
      onCreated();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  if (made !== null) {
    return (
      <div role="status">
        <p>Keep the new key now; it cannot be shown again:</p>
        <pre>{made}</pre>
        <div className="actions">
          {isFirst && (
            <button type="button" className="primary" onClick={() => signIn(made).catch(setProblem)}>
              Sign in with it
            </button>
          )}
          <button type="button" onClick={() => setMade(null)}>
            I have kept it
          </button>
        </div>
        <Problem error={problem} />
      </div>
    );
  }
  return (
    <form onSubmit={submit}>
      <h3>New key</h3>
      <div className="field">
        <label htmlFor="key-name">Name</label>
        <input id="key-name" value={name} onChange={({ target }) => setName(target.value)} required />
      </div>
      <fieldset className="scopes">
        <legend>Scopes</legend>
        {SCOPES.map((scope) => (
          <label key={scope}>
            <input type="checkbox" checked={scopes.includes(scope)} onChange={() => toggle(scope)} /> {scope}
          </label>
        ))}
      </fieldset>
      <Problem error={problem} />
      <button type="submit" className="primary" disabled={name === '' || scopes.length === 0}>
        Create key
      </button>
    </form>
  );
}
