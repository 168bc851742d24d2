import { useState } from 'react';
import { figure, percent } from '../../format.js';
import { Choice } from '../../parts/choice.js';
import { Panel } from '../../parts/panel.js';
import { Scroll } from '../../parts/scroll.js';
import type { Schemas } from '../../server.js';

const AIMS = {
  'best F1': 'best_f1',
  'precision of at least 95 %': 'precision_95',
  'recall of at least 95 %': 'recall_95',
} as const;
type Aim = keyof typeof AIMS;
const NAMES: readonly Aim[] = ['best F1', 'precision of at least 95 %', 'recall of at least 95 %'];

/** Digits of a threshold: with fewer, images at the threshold would be left out. */
const DIGITS = 6;

/** The probability from which an image should count as one of a class, by aim. */
export function ThresholdsPanel({ classes }: { readonly classes: readonly Schemas['EvaluatedClass'][] }) {
  const [aim, setAim] = useState<Aim>('best F1');
  return (
    <Panel
      title="Thresholds"
      note="Chosen on these images. Figures on other images are lower: choose on validation images, and check on test images."
    >
      <Choice id="threshold-aim" label="Aim" value={aim} values={NAMES} choose={setAim} />
      <Scroll label="Thresholds by class" className="scroll tall">
        <table className="list small">
          <thead>
            <tr>
              <th>Class</th>
              <th className="number">Threshold</th>
              <th className="number">Precision</th>
              <th className="number">Recall</th>
              <th className="number">F1</th>
            </tr>
          </thead>
          <tbody>
            {classes.map(({ index, name, thresholds }) => {
              const point = thresholds?.[AIMS[aim]];
              return (
                <tr key={index}>
                  <td>{name}</td>
                  <td className="number">{figure(point?.threshold, DIGITS)}</td>
                  <td className="number">{percent(point?.precision)}</td>
                  <td className="number">{percent(point?.recall)}</td>
                  <td className="number">{figure(point?.f1)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
