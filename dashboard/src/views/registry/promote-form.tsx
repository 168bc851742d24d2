import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Problem } from '../../parts/problem.js';
import { type Schemas, strata } from '../../server.js';

/** Asks for an alias. The answer appears among the promotions. */
export function PromoteForm({ model }: { readonly model: Schemas['RegisteredModel'] }) {
  const { name, versions, aliases } = model;
  const queries = useQueryClient();
  const there = versions.filter(({ model_id: id }) => id !== null);
  const [version, setVersion] = useState(there[0]?.version);
  const [alias, setAlias] = useState('');
  const [note, setNote] = useState('');
  const { mutate, error, isPending } = useMutation({
    mutationFn: (wanted: number) => strata.registry.promote(name, { version: wanted, alias, note }),
    onSuccess: () => setNote(''),
    onSettled: () => queries.invalidateQueries({ queryKey: ['registry', name] }),
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (version !== undefined) mutate(version);
  };
  if (there.length === 0) return null;
  return (
    <form className="filters" onSubmit={send}>
      <label htmlFor="promoted-version">
        Version{' '}
        <select
          id="promoted-version"
          value={version}
          onChange={({ target }) => setVersion(Number(target.value))}
        >
          {there.map((each) => (
            <option key={each.version}>{each.version}</option>
          ))}
        </select>
      </label>
      <label htmlFor="promoted-alias">
        Alias{' '}
        <input
          id="promoted-alias"
          list="known-aliases"
          required
          value={alias}
          onChange={({ target }) => setAlias(target.value)}
        />
      </label>
      <datalist id="known-aliases">
        {aliases.map((each) => (
          <option key={each.alias} value={each.alias} />
        ))}
      </datalist>
      <label htmlFor="promoted-note">
        Note <input id="promoted-note" value={note} onChange={({ target }) => setNote(target.value)} />
      </label>
      <button type="submit" disabled={isPending}>
        Promote
      </button>
      <Problem error={error} />
    </form>
  );
}
