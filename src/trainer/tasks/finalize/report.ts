import type { ArtifactOutput, NetworkFigures } from '../../../contract/trainer-protocol.js';
import type { RunDescription } from '../../../method/index.js';
import { headLayers, multiplyAdds, parameterCount, wholeNetwork } from '../../../network/index.js';
import { describeRuntime } from '../../runtime/index.js';
import type { TaskContext } from '../context.js';

/** Stores `report.json`: the resolved spec, the structure of the network, and every final figure. */
export async function writeReport(
  context: TaskContext,
  run: RunDescription,
  result: Readonly<Record<string, number>>,
  networks: readonly NetworkFigures[],
): Promise<ArtifactOutput> {
  const { job_id, spec, dataset, round } = context.assignment;
  const report = {
    job_id,
    spec,
    dataset: { name: dataset.name, manifest: context.assignment.inputs.dataset, classes: dataset.classes },
    network: describeCost(wholeNetwork(run.network)),
    stages: run.stages.map(({ index, layers, auxiliary, head }) => ({
      stage: index,
      ...describeCost(layers),
      auxiliary: auxiliary && describeCost(auxiliary),
      head: head && describeCost(headLayers({ head })),
    })),
    rounds: run.rounds,
    ...(round !== null && { ended_after_round: round }),
    result,
    networks,
    runtime: describeRuntime(),
  };
  const output = await context.blobs.put(new TextEncoder().encode(`${JSON.stringify(report, null, 2)}\n`));
  return { name: 'report.json', kind: 'report', media_type: 'application/json', ...output };
}

function describeCost(layers: Parameters<typeof parameterCount>[0]) {
  return { parameters: parameterCount(layers), multiply_adds: multiplyAdds(layers) };
}
