import { type FormEvent, useState } from 'react';
import { signIn } from '../server.js';
import { Problem } from './problem.js';

/** For a server that asks for a key. The key stays with the server's cookie, which scripts cannot read. */
export function SignIn() {
  const [key, setKey] = useState('');
  const [problem, setProblem] = useState<unknown>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    signIn(key.trim()).catch(setProblem);
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
        <Problem error={problem} />
        <p className="note">
          Create one on the server with <code>npm run api-key -- create --name me</code>. This browser stays
          signed in for 12 hours, until you sign out, or until the key is revoked.
        </p>
        <button type="submit" className="primary" disabled={key.trim() === ''}>
          Sign in
        </button>
      </form>
    </main>
  );
}
