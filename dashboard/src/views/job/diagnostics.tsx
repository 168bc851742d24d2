import { useQuery } from '@tanstack/react-query';
import { lastValue } from '../../charts/curves.js';
import { figure } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { metricsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';

/** docs/method.md, "Diagnostics": below this a stage does not learn what the network needs. */
const MIN_FIDELITY = 0.1;

/** The newest diagnostics of every stage. */
export function DiagnosticsPanel({ job }: { readonly job: Schemas['Job'] }) {
  const { data = [] } = useQuery(metricsQuery(job.id));
  const stages = Array.from({ length: job.spec.method.stages ?? 1 }, (_, stage) => stage);
  if (stages.length === 1) return null;
  const note =
    "Fidelity: cosine between a stage's gradient and back-propagation's. Below 0.1 the stage does not learn what the network needs.";
  return (
    <Panel title="Diagnostics" note={note}>
      <table className="list small">
        <thead>
          <tr>
            <th>stage</th>
            <th className="number">fidelity</th>
            <th className="number">violation</th>
            <th className="number">AuxNet error</th>
          </tr>
        </thead>
        <tbody>
          {stages.map((stage) => {
            const fidelity = lastValue(data, 'fidelity', stage);
            return (
              <tr key={stage}>
                <td>{stage}</td>
                <td className={fidelity !== null && fidelity < MIN_FIDELITY ? 'number bad' : 'number'}>
                  {figure(fidelity, 2)}
                </td>
                <td className="number">{figure(lastValue(data, 'violation', stage), 2)}</td>
                <td className="number">{figure(lastValue(data, 'auxiliary_error', stage), 2)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}
