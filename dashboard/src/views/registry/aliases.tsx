import { Link } from 'wouter';
import { Panel } from '../../parts/panel.js';
import { Scroll } from '../../parts/scroll.js';
import type { Schemas } from '../../server.js';
import { wordsOf } from './words.js';

/** The aliases of a name, with the version that has each and its rule. */
export function AliasesPanel({ model: { aliases } }: { readonly model: Schemas['RegisteredModel'] }) {
  return (
    <Panel title="Aliases" note="An alias with a rule changes by promotions only.">
      {aliases.length === 0 && <p className="quiet">No alias yet. A promotion gives the first one.</p>}
      {aliases.length > 0 && (
        <Scroll label="Aliases">
          <table className="list stacked">
            <thead>
              <tr>
                <th>Alias</th>
                <th>Version</th>
                <th>Rule</th>
              </tr>
            </thead>
            <tbody>
              {aliases.map(({ alias, version, model_id: id, rule }) => (
                <tr key={alias}>
                  <td data-label="Alias">
                    <span className="badge">{alias}</span>
                  </td>
                  <td data-label="Version">
                    {id === null ? 'none' : <Link href={`/models/${id}`}>{version}</Link>}
                  </td>
                  <td data-label="Rule">{rule === null ? 'none' : <Rule rule={rule} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

function Rule({ rule }: { readonly rule: Schemas['AliasRule'] }) {
  const { requires, approvals, not_by_author: byOthers } = rule;
  return (
    <ul className="plain">
      {requires.map((requirement) => (
        <li key={JSON.stringify(requirement)}>{wordsOf(requirement)}</li>
      ))}
      <li>
        {approvals} {approvals === 1 ? 'approval' : 'approvals'}
        {approvals > 0 && byOthers && ', not by the one who asks'}
      </li>
    </ul>
  );
}
