import { Panel } from '../../parts/panel.js';
import { Scroll } from '../../parts/scroll.js';
import type { Schemas } from '../../server.js';

/** The columns of what is known about the images. */
export function MetadataPanel({ columns }: { readonly columns: Schemas['Dataset']['metadata'] }) {
  if (columns.length === 0) return null;
  return (
    <Panel title="Metadata" note="An evaluation can have figures of the images of each value.">
      <Scroll label="Metadata">
        <table className="list small">
          <thead>
            <tr>
              <th>Column</th>
              <th className="number">Different values</th>
              <th className="number">Images without one</th>
            </tr>
          </thead>
          <tbody>
            {columns.map(({ name, values, missing }) => (
              <tr key={name}>
                <td>{name}</td>
                <td className="number">{values.toLocaleString()}</td>
                <td className="number">{missing.toLocaleString()}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
