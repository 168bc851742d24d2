import { OutgoingError } from '../../../outgoing/target.js';
import type { ClaimedPush } from '../../../store/model-pushes.js';
import type { ModelRow } from '../../../store/models.js';
import { type Ask, openAsk } from '../ask.js';
import { API, at, errorCodeOf, read } from '../mlflow-answers.js';
import type { Pusher } from './pusher.js';

/** Tag by which the version of a model is found again. */
const MODEL_TAG = 'strata.model_id';
const VARIANT_TAG = 'strata.variant';
/** The newest versions of the name, among which the model's is looked for. */
const MAX_FOUND = 200;

interface Push {
  readonly claimed: ClaimedPush;
  readonly model: ModelRow;
  /** Value of the header `Authorization`. */
  readonly secret: string | null;
  readonly over: AbortSignal;
}

/** The content of an answer. @throws OutgoingError for one with an error */
type Read = (...request: Parameters<Ask>) => Promise<unknown>;

/**
 * Makes a version of MLflow's registry that names the model, and gives it the alias. Repeating it changes nothing: the
 * version is found by its tags. If a sender was frozen for longer than its claim, two senders may each make one; then both
 * keep the first and delete the others.
 * @returns the web page of the version
 */
export async function pushToMlflow(pusher: Pusher, push: Push): Promise<string> {
  const { claimed, model } = push;
  const ask = askerOf(pusher, push);
  const name = model.name;
  await makeModel(pusher, push);
  if ((await versionsOf(ask, claimed, name)).length === 0) {
    await ask('POST', '/model-versions/create', {
      name,
      source: `strata:/models/${model.id}/${claimed.variant}`,
      description: describe(claimed, model),
      tags: tagsOf(claimed, model),
    });
  }
  const [version, ...others] = (await versionsOf(ask, claimed, name)).sort((a, b) => a - b);
  if (version === undefined) throw new OutgoingError('made a version, but does not find it again');
  for (const other of others) await ask('DELETE', '/model-versions/delete', { name, version: String(other) });
  if (claimed.alias !== null) {
    const { alias } = claimed;
    await ask('POST', '/registered-models/alias', { name, alias, version: String(version) });
  }
  return `${baseOf(claimed)}/#/models/${encodeURIComponent(name)}/versions/${version}`;
}

const baseOf = ({ url }: ClaimedPush): string => url.replace(/\/+$/, '');

/** Makes the name, unless it is there. */
async function makeModel(pusher: Pusher, push: Push): Promise<void> {
  const path = '/registered-models/create';
  const answer = await rawAskerOf(pusher, push)('POST', path, { name: push.model.name });
  if (errorCodeOf(answer) !== 'RESOURCE_ALREADY_EXISTS') read(answer, path);
}

async function versionsOf(ask: Read, { modelId, variant }: ClaimedPush, name: string): Promise<number[]> {
  const filter = `name='${name.replaceAll("'", "\\'")}'`;
  const query = new URLSearchParams({
    filter,
    max_results: String(MAX_FOUND),
    order_by: 'version_number DESC',
  });
  const found = at(await ask('GET', `/model-versions/search?${query}`), ['model_versions']) ?? [];
  if (!Array.isArray(found)) throw new OutgoingError('gave an answer that MLflow does not give');
  return found
    .filter((row) => tagOf(row, MODEL_TAG) === modelId && tagOf(row, VARIANT_TAG) === variant)
    .map((row) => Number(at(row, ['version'])))
    .filter(Number.isInteger);
}

function tagOf(row: unknown, key: string): unknown {
  const tags = at(row, ['tags']);
  return Array.isArray(tags)
    ? at(
        tags.find((tag) => at(tag, ['key']) === key),
        ['value'],
      )
    : undefined;
}

function tagsOf({ variant }: ClaimedPush, { id, version, jobId }: ModelRow) {
  return [
    { key: MODEL_TAG, value: id },
    { key: VARIANT_TAG, value: variant },
    { key: 'strata.version', value: String(version?.version ?? 1) },
    { key: 'strata.job_id', value: jobId },
  ];
}

function describe({ variant }: ClaimedPush, { id, artifacts }: ModelRow): string {
  const files = artifacts.filter(({ name }) => name.startsWith(`${variant}/`));
  const lines = files.map(
    ({ id: artifact, name, sha256 }) => `- ${name}: \`/artifacts/${artifact}/content\`, sha256 ${sha256}`,
  );
  return [
    `The ${variant} network of Strata's model ${id}. Download its files from the address of the Strata API:`,
    '',
    ...lines,
  ].join('\n');
}

/** Answers as they come, also with an error. */
function rawAskerOf({ policy }: Pusher, { claimed, secret, over }: Push): Ask {
  return openAsk({
    base: `${baseOf(claimed)}${API}`,
    userAgent: 'Strata-Pushes',
    authorization: secret,
    policy,
    purpose: 'push',
    // Somebody else makes this push now, or is to.
    check: () => over.throwIfAborted(),
  });
}

function askerOf(pusher: Pusher, push: Push): Read {
  const ask = rawAskerOf(pusher, push);
  return async (method, path, body) => read(await ask(method, path, body), path.split('?')[0] ?? path);
}
