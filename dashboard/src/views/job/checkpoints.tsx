import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { bytes, moment } from '../../format.js';
import { ChoiceField } from '../../parts/choice.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { Scroll } from '../../parts/scroll.js';
import { checkpointsQuery, evaluationsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';
import { EvaluationForm } from '../evaluations/evaluation-form.js';
import { EvaluationTable } from '../evaluations/evaluations.js';
import { checkpointName } from '../evaluations/subject.js';

type Checkpoint = Schemas['Checkpoint'];

/** The stored weights of a job, a form that evaluates some of them, and their evaluations. */
export function CheckpointsPanel({ job }: { readonly job: Schemas['Job'] }) {
  const { data: checkpoints = [], error } = useQuery(checkpointsQuery(job.id));
  const { data: evaluations = [] } = useQuery(evaluationsQuery({ job: job.id }));
  const whole = checkpoints.filter((checkpoint) => checkpoint.starts_jobs);
  if (checkpoints.length === 0 && evaluations.length === 0 && error === null) return null;
  return (
    <Panel
      title="Checkpoints"
      note="Stored weights. An evaluation of them estimates the statistics of batch norms first, as the end of a job does."
      wide
    >
      <Problem error={error} />
      <CheckpointTable checkpoints={checkpoints} />
      {whole.length > 0 && <Evaluate job={job} checkpoints={whole} />}
      {evaluations.length > 0 && <EvaluationTable evaluations={evaluations} />}
    </Panel>
  );
}

function CheckpointTable({ checkpoints }: { readonly checkpoints: readonly Checkpoint[] }) {
  return (
    <Scroll label="Checkpoints" className="scroll tall">
      <table className="list small stacked">
        <thead>
          <tr>
            <th>Checkpoint</th>
            <th className="number">Steps</th>
            <th className="number">Size</th>
            <th>Created</th>
          </tr>
        </thead>
        <tbody>
          {checkpoints.map((checkpoint) => (
            <tr key={checkpoint.id}>
              <td data-label="Checkpoint">{checkpointName(checkpoint)}</td>
              <td data-label="Steps" className="number">
                {checkpoint.step.toLocaleString()}
              </td>
              <td data-label="Size" className="number">
                {bytes(checkpoint.parts.reduce((sum, part) => sum + part.size_bytes, 0))}
              </td>
              <td data-label="Created">{moment(checkpoint.created_at)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface EvaluateProps {
  readonly job: Schemas['Job'];
  /** At least one, each of a whole network. */
  readonly checkpoints: readonly Checkpoint[];
}

/** Evaluates the latest checkpoint, unless another one is chosen. */
function Evaluate({ job: { spec }, checkpoints }: EvaluateProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const checkpoint = checkpoints.find(({ id }) => id === chosen) ?? checkpoints.at(-1);
  if (!checkpoint) return null;
  const hasCompact = checkpoint.kind === 'final' && (spec.method.stages ?? 1) > 1;
  return (
    <EvaluationForm
      subject={{ checkpoint: checkpoint.id }}
      dataset={spec.dataset}
      variants={hasCompact ? ['full', 'compact'] : ['full']}
    >
      <ChoiceField
        id="evaluated-checkpoint"
        label="Weights"
        value={checkpoint.id}
        values={checkpoints.map(({ id }) => id)}
        labels={Object.fromEntries(checkpoints.map((each) => [each.id, checkpointName(each)]))}
        choose={setChosen}
      />
    </EvaluationForm>
  );
}
