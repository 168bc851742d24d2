import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answered } from '../../../../client/src/index.js';
import { moment } from '../../format.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { deliveriesQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';

interface Props {
  readonly webhook: Schemas['Webhook'];
  /** Whether the key may send a message again. */
  readonly mayChange: boolean;
}

/** The last messages of a webhook: what became of each, and why. */
export function Deliveries({ webhook, mayChange }: Props) {
  const queries = useQueryClient();
  const query = deliveriesQuery(webhook.id);
  const { data = [], error, isPending } = useQuery(query);
  const [problem, setProblem] = useState<unknown>(null);
  const sendAgain = (id: string) => {
    setProblem(null);
    answered(strata.http.POST('/webhook-deliveries/{id}/redeliver', { params: { path: { id } } }))
      .then(() => queries.invalidateQueries(query))
      .catch(setProblem);
  };
  return (
    <>
      <h3>Messages to {webhook.url}</h3>
      <Problem error={problem ?? error} />
      {data.length > 0 && (
        <Scroll label={`Messages to ${webhook.url}`}>
          <table className="list">
            <thead>
              <tr>
                <th>Event</th>
                <th>State</th>
                <th className="number">Attempts</th>
                <th>Answer</th>
                <th>Created</th>
                <th>Next attempt</th>
                <th>Again</th>
              </tr>
            </thead>
            <tbody>
              {data.map(({ id, type, state, attempts, status, error: reason, ...at }) => (
                <tr key={id}>
                  <td>{type}</td>
                  <td>
                    <span className={`badge ${state}`}>{state}</span>
                  </td>
                  <td className="number">{attempts}</td>
                  <td>{reason ?? (status === null ? '–' : `HTTP ${status}`)}</td>
                  <td>{moment(at.created_at)}</td>
                  <td>{moment(at.next_attempt_at)}</td>
                  <td>
                    <button type="button" disabled={!mayChange} onClick={() => sendAgain(id)}>
                      Send again
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {data.length === 0 && !error && !isPending && <p className="quiet">No messages in the last 30 days.</p>}
    </>
  );
}
