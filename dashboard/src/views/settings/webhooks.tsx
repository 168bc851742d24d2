import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, emptied } from '../../../../client/src/index.js';
import { moment } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { webhooksQuery } from '../../queries.js';
import { strata } from '../../server.js';
import { Deliveries } from './deliveries.js';

/** Addresses that are told when jobs end. */
export function WebhooksPanel({ mayChange }: { readonly mayChange: boolean }) {
  const queries = useQueryClient();
  const { data = [], error } = useQuery(webhooksQuery());
  const [said, setSaid] = useState<string | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  const [openId, setOpenId] = useState<string | null>(null);
  const open = data.find(({ id }) => id === openId);
  /** Runs an action, shows what it says, and reads the list again. */
  const act = (action: () => Promise<string>) => {
    setProblem(null);
    setSaid(null);
    action()
      .then(setSaid)
      .then(() => queries.invalidateQueries({ queryKey: ['webhooks'] }))
      .catch(setProblem);
  };
  const at = (id: string) => ({ params: { path: { id } } });
  const test = (id: string) =>
    act(async () => {
      await answered(strata.http.POST('/webhooks/{id}/test', at(id)));
      return 'A test message is on its way.';
    });
  const remove = (id: string) =>
    act(async () => {
      await emptied(strata.http.DELETE('/webhooks/{id}', at(id)));
      return 'The webhook is deleted.';
    });
  const create = (url: string) =>
    act(async () => {
      const body = { url, events: [...EVENTS] };
      const { secret } = await answered(strata.http.POST('/webhooks', { body }));
      return `Keep the secret that signs its messages now; it cannot be shown again: ${secret}`;
    });
  return (
    <Panel title="Webhooks" note="The server posts a signed message when a job ends.">
      <Problem error={problem ?? error} />
      {said && (
        <p role="status" className="said">
          {said}
        </p>
      )}
      <Scroll label="Webhooks">
        <table className="list">
          <thead>
            <tr>
              <th>Address</th>
              <th>Events</th>
              <th>Created</th>
              <th>Actions</th>
            </tr>
          </thead>
          <tbody>
            {data.map(({ id, url, events, created_at: created }) => (
              <tr key={id}>
                <td className="address">{url}</td>
                <td>{events.join(', ')}</td>
                <td>{moment(created)}</td>
                <td className="actions">
                  <button
                    type="button"
                    aria-expanded={id === openId}
                    onClick={() => setOpenId(id === openId ? null : id)}
                  >
                    Messages
                  </button>
                  <button type="button" disabled={!mayChange} onClick={() => test(id)}>
                    Test
                  </button>
                  <button type="button" className="danger" disabled={!mayChange} onClick={() => remove(id)}>
                    Delete
                  </button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {data.length === 0 && !error && <p className="quiet">Nobody is told yet.</p>}
      {open && <Deliveries webhook={open} mayChange={mayChange} />}
      {mayChange && <NewWebhook create={create} />}
    </Panel>
  );
}

/** The contract's default: the ends of a job. */
const EVENTS = ['job.succeeded', 'job.failed', 'job.cancelled'] as const;

function NewWebhook({ create }: { readonly create: (url: string) => void }) {
  const [url, setUrl] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create(url);
    setUrl('');
  };
  return (
    <form onSubmit={submit}>
      <h3>New webhook</h3>
      <div className="field">
        <label htmlFor="webhook-url">Address</label>
        <input
          id="webhook-url"
          type="url"
          value={url}
          placeholder="https://example.com/strata"
          onChange={({ target }) => setUrl(target.value)}
          required
        />
      </div>
      <button type="submit" disabled={url === ''}>
        Create webhook
      </button>
    </form>
  );
}
