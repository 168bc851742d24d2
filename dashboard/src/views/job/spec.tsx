import { Panel } from '../../parts/panel.js';
import type { Schemas } from '../../server.js';

export function SpecPanel({ job }: { readonly job: Schemas['Job'] }) {
  return (
    <Panel title="Spec">
      <p className="quiet">{job.id}</p>
      <details>
        <summary>Every setting, with the defaults filled in</summary>
        <pre className="log">{JSON.stringify(job.spec, null, 2)}</pre>
      </details>
    </Panel>
  );
}
