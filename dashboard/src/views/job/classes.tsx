import { percent } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Scroll } from '../../parts/scroll.js';
import type { Schemas } from '../../server.js';

/** The classes that the network finds least often; an accuracy over all images hides rare ones. */
export function ClassesPanel({ job }: { readonly job: Schemas['Job'] }) {
  const full = job.result?.networks[0];
  if (!full || full.classes.length === 0) return null;
  const { balanced_accuracy: balanced, classes } = full;
  return (
    <Panel
      title="Classes"
      note={`The lowest accuracy first. Mean over the classes: ${percent(balanced)}; over the images: ${percent(full.accuracy)}.`}
    >
      <Scroll label="Accuracy by class">
        <table className="list small">
          <thead>
            <tr>
              <th>Class</th>
              <th className="number">Images</th>
              <th className="number">Right</th>
              <th className="number">Accuracy</th>
            </tr>
          </thead>
          <tbody>
            {classes.map(({ index, name, train_images: trained, images, correct, accuracy }) => (
              <tr key={index}>
                <td>{name}</td>
                <td className="number">{trained}</td>
                <td className="number">
                  {correct} / {images}
                </td>
                <td className="number">{percent(accuracy)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Panel>
  );
}
