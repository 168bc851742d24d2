import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { moment } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { lineageQuery, reproductionsQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';

/** The panels about the origin of a model, and whether it can be made again. */
export function ProvenancePanels({ model }: { readonly model: Schemas['Model'] }) {
  return (
    <>
      <ReproductionsPanel model={model} />
      <LineagePanel model={model} />
    </>
  );
}

function ReproductionsPanel({ model: { id } }: { readonly model: Schemas['Model'] }) {
  const queries = useQueryClient();
  const { data = [] } = useQuery(reproductionsQuery(id));
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => strata.models.reproduce(id),
    onSettled: () =>
      Promise.all(
        ['reproductions', 'lineage'].map((key) => queries.invalidateQueries({ queryKey: [key, id] })),
      ),
  });
  return (
    <Panel
      title="Reproductions"
      note="Train this model again with the same spec and seed, and compare the weights bit by bit."
      wide
    >
      <div className="filters">
        <button type="button" disabled={isPending} onClick={() => mutate()}>
          Reproduce
        </button>
        <Problem error={error} />
      </div>
      {data.length > 0 && (
        <Scroll label="Reproductions">
          <table className="list stacked">
            <thead>
              <tr>
                <th>Job</th>
                <th>Result</th>
                <th>Why</th>
                <th>Started</th>
              </tr>
            </thead>
            <tbody>
              {data.map((reproduction) => (
                <tr key={reproduction.id}>
                  <td data-label="Job">
                    <Link href={`/jobs/${reproduction.job_id}`}>{reproduction.job_id}</Link>
                  </td>
                  <td data-label="Result">{resultOf(reproduction)}</td>
                  <td data-label="Why">{reproduction.reason}</td>
                  <td data-label="Started">{moment(reproduction.created_at)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Panel>
  );
}

function resultOf(reproduction: Schemas['Reproduction']): string {
  const { state, equal, different_tensors: number, tensors_that_differ: names } = reproduction;
  if (state === 'running') return 'training';
  if (equal === null) return 'not compared';
  return equal ? 'equal, bit by bit' : `${number} tensors differ: ${names.join(', ')}`;
}

/** Types of nodes that have a page. */
const PAGES: Partial<Record<Schemas['LineageNode']['type'], string>> = {
  model: 'models',
  job: 'jobs',
  dataset: 'datasets',
  sweep: 'sweeps',
  evaluation: 'evaluations',
};

function LineagePanel({ model: { id } }: { readonly model: Schemas['Model'] }) {
  const { data } = useQuery(lineageQuery(id));
  if (!data) return null;
  const names = new Map(data.nodes.map((node) => [node.id, wordsOf(node)]));
  return (
    <Panel title="Lineage" note="What the model came from, and what was said of it." wide>
      <ul className="lineage">
        {data.edges.map(({ from, to, relation }) => (
          <li key={`${from} ${relation} ${to}`}>
            <NodeLink node={data.nodes.find((node) => node.id === from)} text={names.get(from) ?? from} />{' '}
            <span className="quiet">{relation.replaceAll('_', ' ')}</span>{' '}
            <NodeLink node={data.nodes.find((node) => node.id === to)} text={names.get(to) ?? to} />
          </li>
        ))}
      </ul>
      {!data.complete && <p className="quiet">There are more ancestors.</p>}
    </Panel>
  );
}

function wordsOf({ type, name, id, exists }: Schemas['LineageNode']): string {
  return exists ? `${type} ${name || id}` : `${type} ${id} (deleted)`;
}

function NodeLink({
  node,
  text,
}: {
  readonly node: Schemas['LineageNode'] | undefined;
  readonly text: string;
}) {
  const page = node?.exists ? PAGES[node.type] : undefined;
  return page ? <Link href={`/${page}/${node?.id}`}>{text}</Link> : <span>{text}</span>;
}
