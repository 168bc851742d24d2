import { setTimeout } from 'node:timers/promises';
import type { components } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { EXIT, type ExitCode } from '../exit.js';
import { moment, plain } from '../format.js';
import { modelIdOf } from './models.js';

type Schemas = components['schemas'];

const LOOK_MS = 1_000;

/** Ends with an error unless the weights are equal, so that a script stops. */
export async function reproduce(
  context: Context,
  text: string,
  { wait }: { readonly wait: boolean },
): Promise<ExitCode> {
  const { strata, out } = context;
  let reproduction = await strata.models.reproduce(await modelIdOf(context, text));
  while (wait && reproduction.finished_at === null) {
    await setTimeout(LOOK_MS);
    reproduction = await strata.models.reproduction(reproduction.id);
  }
  const { id, state, equal } = reproduction;
  out.result(reproduction, [id], () => out.line(sentenceOf(reproduction)));
  return state === 'running' || equal === true ? EXIT.done : EXIT.failed;
}

function sentenceOf(reproduction: Schemas['Reproduction']): string {
  const { model_id: model, job_id: job, state, equal, reason } = reproduction;
  if (state === 'running') return `${job} makes ${model} again`;
  if (equal) return `✓ ${job} made the weights of ${model} again, bit by bit`;
  const because = reason === null ? '' : ` (${plain(reason)})`;
  if (state === 'failed') return `✗ ${model} could not be compared${because}`;
  const { different_tensors: number, tensors_that_differ: names } = reproduction;
  return `✗ ${number} tensors of ${model} differ${because}: ${names.map(plain).join(', ')}`;
}

export async function lineage(context: Context, text: string): Promise<void> {
  const { strata, out } = context;
  const graph = await strata.models.lineage(await modelIdOf(context, text));
  out.result(
    graph,
    graph.nodes.map(({ id }) => id),
    () => {
      out.table(
        ['TYPE', 'ID', 'NAME', 'WHEN', ''],
        graph.nodes.map((node) => rowOf(node, graph)),
      );
      if (!graph.complete) out.note('There are more ancestors.');
    },
  );
}

/** Documents for other tools are JSON with and without `--json`. */
const print = ({ out }: Context, document: object): void =>
  out.result(document, [], () => out.line(JSON.stringify(document, null, 2)));

export async function statement(context: Context, text: string): Promise<void> {
  print(context, await context.strata.models.statement(await modelIdOf(context, text)));
}

export async function billOfMaterials(context: Context, text: string): Promise<void> {
  print(context, await context.strata.models.billOfMaterials(await modelIdOf(context, text)));
}

export async function signingKey(context: Context): Promise<void> {
  print(context, await context.strata.models.signingKey());
}

function rowOf(node: Schemas['LineageNode'], { edges }: Schemas['Lineage']): string[] {
  const { id, type, name, at, exists } = node;
  const relations = edges
    .filter(({ from }) => from === id)
    .map(({ relation, to }) => `${relation.replaceAll('_', ' ')} ${to}`);
  const when = at === null ? '' : moment(at);
  return [type, id, exists ? plain(name) : '(deleted)', when, relations.join(', ')];
}
