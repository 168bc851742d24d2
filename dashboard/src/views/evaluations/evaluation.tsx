import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { Link, useSearchParams } from 'wouter';
import { figure, percent } from '../../format.js';
import { Cancel } from '../../parts/cancel.js';
import { Panel } from '../../parts/panel.js';
import { PendingPage } from '../../parts/pending-page.js';
import { Progress } from '../../parts/progress.js';
import { Scroll } from '../../parts/scroll.js';
import { StateBadge } from '../../parts/state-badge.js';
import { evaluationResourceQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { CascadePanel } from './cascade.js';
import { ComparisonPanel } from './comparison.js';
import { intervalOf, viewsOf } from './evaluations.js';
import { figureRows } from './figure-rows.js';
import { SlicesPanel } from './slices.js';
import { subjectOf } from './subject.js';
import { ThresholdsPanel } from './thresholds.js';
import { readSlices } from './wanted-slices.js';

type Figures = Schemas['EvaluationFigures'];

export default function EvaluationView({ id }: { readonly id: string }) {
  const { data, error } = useQuery(evaluationResourceQuery(id));
  const [parameters, setParameters] = useSearchParams();
  if (!data) return <PendingPage error={error} />;
  const { checkpoint, dataset, split, state, progress, figures } = data;
  const set = (key: string, value: string) =>
    setParameters((now) => {
      const next = new URLSearchParams(now);
      if (value === '') next.delete(key);
      else next.set(key, value);
      return next;
    });
  return (
    <main className="page">
      <div className="head">
        <h1>
          {subjectOf(data)} on {split} of {dataset.name}
        </h1>
        <StateBadge state={state} />
        {data.finished_at === null && (
          <>
            <Progress share={progress} label="Evaluation" />
            <Cancel cancel={() => strata.evaluations.cancel(id)} changed={['evaluation', id]} />
          </>
        )}
      </div>
      {data.error && <p className="error">{data.error.message}</p>}
      <p>
        <Link href={data.links.model ?? data.links.job ?? ''}>{data.model_id ?? checkpoint?.id}</Link>,{' '}
        {data.variant} network, {data.images.toLocaleString()} images{viewsOf(data.tta)}.
      </p>
      {figures && (
        <div className="main-column">
          <FiguresPanel figures={figures} />
          <ComparisonPanel
            evaluation={data}
            other={parameters.get('with')}
            choose={(other) => set('with', other)}
          />
          <SlicesPanel
            evaluation={data}
            classes={figures.per_class.map((each) => each.name)}
            slices={readSlices(parameters.get('slices'))}
            choose={(slices) => set('slices', slices.length === 0 ? '' : JSON.stringify(slices))}
          />
          {figures.cascade && <CascadePanel cascade={figures.cascade} accuracy={figures.accuracy} />}
          <ClassesPanel figures={figures} />
          {figures.per_class.some(({ thresholds }) => thresholds) && (
            <ThresholdsPanel classes={figures.per_class} />
          )}
          <ConfusionPanel figures={figures} />
          <CalibrationPanel figures={figures} />
        </div>
      )}
    </main>
  );
}

function FiguresPanel({ figures }: { readonly figures: Figures }) {
  return (
    <Panel title="Figures" note="Over all images at once. The guide defines each figure under Evaluations.">
      <dl className="figures">
        {figureRows(figures).map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
    </Panel>
  );
}

function ClassesPanel({ figures }: { readonly figures: Figures }) {
  return (
    <Panel
      title="Classes"
      note="Recall: share of a class's images that are predicted as it, with its 95 % interval."
    >
      <Scroll label="Figures by class" className="scroll tall">
        <table className="list small">
          <thead>
            <tr>
              <th>Class</th>
              <th className="number">Images</th>
              <th className="number">Recall</th>
              <th className="number">95 % interval</th>
              <th className="number">Precision</th>
              <th className="number">F1</th>
              <th className="number">AUROC</th>
            </tr>
          </thead>
          <tbody>
            {figures.per_class.map((each) => (
              <tr key={each.index}>
                <td>{each.name}</td>
                <td className="number">{each.images.toLocaleString()}</td>
                <td className="number">{percent(each.recall)}</td>
                <td className="number">{intervalOf(each.recall_interval)}</td>
                <td className="number">{percent(each.precision)}</td>
                <td className="number">{figure(each.f1)}</td>
                <td className="number">{figure(each.auroc)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}

const SHOWN_CONFUSIONS = 20;

function ConfusionPanel({ figures }: { readonly figures: Figures }) {
  const nameOf = (index: number) => figures.per_class[index]?.name ?? String(index);
  const wrong = figures.confusion.filter(({ label, predicted }) => label !== predicted);
  return (
    <Panel title="Most frequent errors">
      {wrong.length === 0 && <p className="quiet">No image is wrong.</p>}
      <ol>
        {wrong.slice(0, SHOWN_CONFUSIONS).map(({ label, predicted, count }) => (
          <li key={`${label} ${predicted}`}>
            {nameOf(label)} taken for {nameOf(predicted)}: {count.toLocaleString()}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function CalibrationPanel({ figures: { calibration } }: { readonly figures: Figures }) {
  const { temperature, bins } = calibration;
  return (
    <Panel
      title="Calibration"
      note="Of images predicted with this probability, so many are right. Equal numbers mean that the probabilities can be trusted."
    >
      <p>
        Best temperature: {figure(temperature)}
        {temperature > 1 ? ' (the network is too sure of itself).' : '.'}
      </p>
      <Scroll label="Calibration">
        <table className="list small">
          <thead>
            <tr>
              <th className="number">Images</th>
              <th className="number">Mean probability</th>
              <th className="number">Right</th>
            </tr>
          </thead>
          <tbody>
            {bins
              .filter(({ count }) => count > 0)
              .map(({ from, count, confidence, accuracy }) => (
                <tr key={from}>
                  <td className="number">{count.toLocaleString()}</td>
                  <td className="number">{percent(confidence)}</td>
                  <td className="number">{percent(accuracy)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
