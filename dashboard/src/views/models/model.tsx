import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { bytes, figure, moment, percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { PendingPage } from '../../parts/pending-page.js';
import { Scroll } from '../../parts/scroll.js';
import { modelQuery } from '../../queries.js';
import { downloadOf, type Schemas } from '../../server.js';
import { registryPage } from '../registry/registry-page.js';
import { BatchesPanel } from './batches.js';
import { EvaluationPanels } from './evaluation.js';
import { EvaluationsPanel } from './evaluations.js';
import { PredictPanel } from './predict.js';
import { ProvenancePanels } from './provenance.js';

type Model = Schemas['Model'];

export default function ModelView({ id }: { readonly id: string }) {
  const { data: model, error } = useQuery(modelQuery(id));
  if (!model) return <PendingPage error={error} />;
  const { name, tags, description, dataset, image, classes } = model;
  return (
    <main className="page">
      <div className="head">
        <h1>{name}</h1>
        {tags.map((tag) => (
          <span key={tag} className="badge">
            {tag}
          </span>
        ))}
      </div>
      {description && <p>{description}</p>}
      <div className="columns">
        <div className="main-column">
          <PredictPanel model={model} />
          <EvaluationPanels model={model} />
          <EvaluationsPanel model={model} />
          <BatchesPanel model={model} />
          <VariantsPanel variants={model.variants} />
          <ProvenancePanels model={model} />
        </div>
        <aside className="rail">
          <Panel title="Origin">
            <dl className="figures">
              <dt>Job</dt>
              <dd>
                <Link href={`/jobs/${model.job_id}`}>{model.job_id}</Link>
              </dd>
              <dt>Version</dt>
              <dd>
                <Link href={registryPage(name)}>
                  {model.version} of {name}
                </Link>
              </dd>
              <dt>Dataset</dt>
              <dd>{dataset.name}</dd>
              <dt>Input</dt>
              <dd>
                {image.height}×{image.width}×{image.channels}
              </dd>
              <dt>Classes</dt>
              <dd>{classes.length}</dd>
              <dt>Created</dt>
              <dd>{moment(model.created_at)}</dd>
              {model.provenance.environments.map((environment, index) => (
                <Environment key={`${index}`} environment={environment} />
              ))}
            </dl>
          </Panel>
        </aside>
      </div>
    </main>
  );
}

function Environment({ environment }: { readonly environment: Schemas['Environment'] }) {
  const { device, processor, instruction_set: instructions, threads, tensorflow, tasks } = environment;
  return (
    <>
      <dt>Trained on</dt>
      <dd>
        {device === 'gpu' ? 'GPU, ' : ''}
        {processor}, {instructions}, {threads} {threads === 1 ? 'thread' : 'threads'}, TensorFlow {tensorflow}{' '}
        <span className="quiet">
          {tasks} {tasks === 1 ? 'task' : 'tasks'}
        </span>
      </dd>
    </>
  );
}

function VariantsPanel({ variants }: { readonly variants: Model['variants'] }) {
  return (
    <Panel
      title="Networks and files"
      wide
      note="Compact: the last AuxNet and the last stage; faster and less accurate."
    >
      <Scroll label="Networks">
        <table className="list stacked">
          <thead>
            <tr>
              <th>Network</th>
              <th className="number">Test accuracy</th>
              <th className="number">Test loss</th>
              <th className="number">Parameters</th>
              <th>Files</th>
            </tr>
          </thead>
          <tbody>
            {variants.map(({ variant, test_accuracy: accuracy, test_loss: loss, parameters, formats }) => (
              <tr key={variant}>
                <td data-label="Network">{variant}</td>
                <td data-label="Test accuracy" className="number">
                  {percent(accuracy, 2)}
                </td>
                <td data-label="Test loss" className="number">
                  {figure(loss)}
                </td>
                <td data-label="Parameters" className="number">
                  {parameters.toLocaleString()}
                </td>
                <td data-label="Files">
                  {formats.flatMap(({ format, files }) =>
                    files.map(({ artifact_id: id, name, size_bytes: size }) => (
                      <div key={id}>
                        <a href={downloadOf(id)} download>
                          {name}
                        </a>{' '}
                        <span className="quiet">
                          {format}, {bytes(size)}
                        </span>
                      </div>
                    )),
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
