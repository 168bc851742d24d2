import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { StrataProblem } from '../../../../client/src/index.js';
import { percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { evaluationQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { Matrix } from './matrix.js';
import { WrongImages } from './wrong-images.js';

type Model = Schemas['Model'];
type Evaluation = Schemas['ModelEvaluation'];

/** The errors of a model on the test images: the most confused pair, the matrix, each class, and the wrong images. */
export function EvaluationPanels({ model }: { readonly model: Model }) {
  const [parameters, setParameters] = useSearchParams();
  const variant = parameters.get('variant') === 'compact' ? 'compact' : 'full';
  const { data, error } = useQuery(evaluationQuery(model.id, variant));
  if (error instanceof StrataProblem && error.code === 'predictions_missing') {
    return (
      <Panel title="Errors on the test images">
        <p className="quiet">{error.message}</p>
      </Panel>
    );
  }
  const show = (changes: Readonly<Record<string, string | null>>) =>
    setParameters((current) => {
      const next = new URLSearchParams(current);
      for (const [name, value] of Object.entries(changes)) {
        if (value === null) next.delete(name);
        else next.set(name, value);
      }
      return next;
    });
  const choosePair = (label: number, predicted: number) =>
    show({ label: String(label), predicted: String(predicted), offset: null });
  return (
    <>
      <Panel
        title="Where it errs"
        tools={<VariantChoice model={model} variant={variant} choose={(value) => show({ variant: value })} />}
        note="Rows are the classes of the test images, columns what they were taken for. Choose a cell to see its images."
      >
        <Problem error={error} />
        {!data && !error && <p className="quiet">Loading…</p>}
        {data && <Summary evaluation={data} choose={choosePair} />}
        {data && <Matrix evaluation={data} choose={choosePair} />}
      </Panel>
      {data && (
        <WrongImages
          model={model}
          variant={variant}
          label={numberOf(parameters.get('label'))}
          predicted={numberOf(parameters.get('predicted'))}
          offset={numberOf(parameters.get('offset')) ?? 0}
          show={show}
        />
      )}
      {data && <ClassesPanel evaluation={data} />}
    </>
  );
}

/** A whole number in the address; null if there is none. */
const numberOf = (text: string | null): number | null =>
  text && /^\d{1,9}$/.test(text) ? Number(text) : null;

interface VariantChoiceProps {
  readonly model: Model;
  readonly variant: Schemas['ModelVariantName'];
  readonly choose: (variant: string) => void;
}

function VariantChoice({ model, variant, choose }: VariantChoiceProps) {
  if (model.variants.length < 2) return null;
  return (
    <label htmlFor="evaluated">
      Network{' '}
      <select id="evaluated" value={variant} onChange={({ target }) => choose(target.value)}>
        {model.variants.map(({ variant: each }) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}

interface SummaryProps {
  readonly evaluation: Evaluation;
  readonly choose: (label: number, predicted: number) => void;
}

function Summary({ evaluation, choose }: SummaryProps) {
  const { confusions, images, accuracy, top_3_accuracy: top, classes } = evaluation;
  const [most] = confusions;
  return (
    <>
      <p>
        {percent(accuracy, 2)} of {images.toLocaleString()} test images are right; of {percent(top, 2)}, the
        right class is among the first three.
      </p>
      {!most && <p>No image is wrong.</p>}
      {most && (
        <p>
          Most confused pair:{' '}
          <button
            type="button"
            className="link"
            onClick={() => choose(most.label.index, most.predicted.index)}
          >
            {most.label.name} taken for {most.predicted.name}
          </button>
          , {most.images.toLocaleString()} of {classes[most.label.index]?.images.toLocaleString()} images.
        </p>
      )}
    </>
  );
}

function ClassesPanel({ evaluation }: { readonly evaluation: Evaluation }) {
  return (
    <Panel
      title="Classes"
      note="Precision: share of the images taken for a class that have it. Recall: share of its images that are taken for it."
    >
      <Scroll label="Figures by class" className="scroll tall">
        <table className="list small">
          <thead>
            <tr>
              <th>Class</th>
              <th className="number">Images</th>
              <th className="number">Precision</th>
              <th className="number">Recall</th>
              <th className="number">Accuracy</th>
            </tr>
          </thead>
          <tbody>
            {evaluation.classes.map(({ index, name, images, precision, recall, accuracy }) => (
              <tr key={index}>
                <td>{name}</td>
                <td className="number">{images.toLocaleString()}</td>
                <td className="number">{percent(precision)}</td>
                <td className="number">{percent(recall)}</td>
                <td className="number">{percent(accuracy)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
