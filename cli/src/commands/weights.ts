import { answered, type components } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { moment, plain } from '../format.js';
import { sendFile } from '../transfer/send-file.js';

type Weights = components['schemas']['Weights'];

export async function listWeights({ strata, out }: Context): Promise<void> {
  const list = await answered(strata.http.GET('/weights', { params: { query: { limit: 100 } } }));
  const ids = list.data.map(({ id }) => id);
  out.result(list, ids, () =>
    out.table(['ID', 'NAME', 'NETWORK', 'CLASSES', 'NAMES OF'], list.data.map(rowOf)),
  );
}

const rowOf = ({ id, name, network, classes, layout }: Weights): string[] => [
  id,
  plain(name),
  networkOf(network),
  String(classes),
  layout,
];

const networkOf = ({ family, depth, width }: Weights['network']): string =>
  `${family}-${depth} of width ${width}`;

export async function showWeights({ strata, out }: Context, id: string): Promise<void> {
  const weights = await strata.weights.get(id);
  out.result(weights, [weights.id], () => show(out, weights));
}

function show(out: Context['out'], weights: Weights): void {
  const { network, channels, classes, class_names: names } = weights;
  out.fields([
    ['id', weights.id],
    ['name', plain(weights.name)],
    ['network', `${networkOf(network)}, ${network.padding} padding`],
    ['names of', weights.layout],
    ['images', channels === 1 ? 'gray' : 'color'],
    ['classes', names === null ? String(classes) : names.map(plain).join(', ')],
    ['sha256', weights.sha256],
    ['created', moment(weights.created_at)],
  ]);
}

export interface UploadWeightsOptions {
  readonly name?: string;
}

/** Sends a safetensors file in pieces, going on where an earlier try ended. */
export async function uploadWeights(
  context: Context,
  file: string,
  { name = nameOf(file) }: UploadWeightsOptions,
): Promise<void> {
  const { strata, out } = context;
  const upload = await sendFile(context, file);
  const weights = await strata.weights.create({ name, upload: upload.id });
  await upload.forget();
  out.result(weights, [weights.id], () => show(out, weights));
}

/** `resnet18` of `/tmp/resnet18.safetensors`. */
function nameOf(file: string): string {
  const name = file.split('/').at(-1) ?? file;
  return name.replace(/\.safetensors$/, '') || name;
}

export async function removeWeights({ strata, out }: Context, id: string): Promise<void> {
  await strata.weights.delete(id);
  out.note(`✓ weights ${id} are deleted`);
}
