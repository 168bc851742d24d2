import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { bytes } from '../../format.js';
import { useObjectUrl } from '../../parts/object-url.js';
import { Panel } from '../../parts/panel.js';
import { artifactsQuery } from '../../queries.js';
import { downloadOf, type Schemas, strata } from '../../server.js';

export function ArtifactsPanel({ job }: { readonly job: Schemas['Job'] }) {
  const { data = [] } = useQuery({ ...artifactsQuery(job.id), enabled: job.finished_at !== null });
  if (job.finished_at === null) return null;
  const curves = data.find(({ name }) => name === 'curves.svg');
  return (
    <Panel title="Artifacts">
      {job.result?.model_id && (
        <p>
          <Link href={`/models/${job.result.model_id}`}>The model</Link>
        </p>
      )}
      <ul className="files">
        {data.map(({ id, name, size_bytes: size }) => (
          <li key={id}>
            <a href={downloadOf(id)} download>
              {name}
            </a>{' '}
            <span className="quiet">{bytes(size)}</span>
          </li>
        ))}
      </ul>
      {data.length > 1 && (
        <p>
          <a href={job.links.archive} download>
            All as one zip
          </a>
        </p>
      )}
      {data.length === 0 && <p className="quiet">The job left no files.</p>}
      {curves && <Picture artifact={curves.id} />}
    </Panel>
  );
}

/** An image of the API. */
function Picture({ artifact }: { readonly artifact: string }) {
  const { data = null } = useQuery({
    queryKey: ['artifact', artifact],
    queryFn: async () => new Blob([await strata.artifacts.download(artifact)], { type: 'image/svg+xml' }),
    // An artifact never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
  const url = useObjectUrl(data);
  return url && <img src={url} alt="Curves of the model card" className="curves" />;
}
