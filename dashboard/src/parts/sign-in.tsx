import { type FormEvent, useState } from 'react';
import { savedKey, switchKey } from '../server.js';

/** For a server that asks for a key. The key stays in this tab. */
export function SignIn({ problem }: { readonly problem: unknown }) {
  const [key, setKey] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    switchKey(key.trim());
  };
  return (
    <main className="page narrow">
      <h1>Strata</h1>
      <form className="panel" onSubmit={submit}>
        <label htmlFor="key">API key</label>
        <input
          id="key"
          type="password"
          autoComplete="off"
          value={key}
          onChange={({ target }) => setKey(target.value)}
        />
        {savedKey() !== null && problem instanceof Error && (
          <p role="alert" className="problem">
            {problem.message}
          </p>
        )}
        <p className="note">
          Create one on the server with <code>npm run api-key -- create --name me</code>. It is kept in this
          tab until you close it or sign out.
        </p>
        <button type="submit" className="primary" disabled={key.trim() === ''}>
          Sign in
        </button>
      </form>
    </main>
  );
}
