import { setTimeout as delay } from 'node:timers/promises';
import type { components } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { moment, plain } from '../format.js';
import { modelIdOf } from './models.js';

type Schemas = components['schemas'];
type Push = Schemas['ModelPush'];

export interface PushOptions {
  readonly target: Push['target'];
  readonly variant?: Schemas['ModelVariantName'];
  readonly alias?: string;
  readonly region?: string;
  readonly wait: boolean;
}

const LOOK_MS = 1_000;

/** Credentials come from the environment: arguments are seen by every user of a machine. */
export async function pushModel(
  context: Context,
  text: string,
  url: string,
  { wait, ...options }: PushOptions,
): Promise<void> {
  const { strata, out } = context;
  const model = await modelIdOf(context, text);
  const secrets = options.target === 'mlflow' ? authorization() : credentials();
  const asked = await strata.models.push(model, { url, ...options, ...secrets });
  const push = wait ? await ended(context, asked) : asked;
  out.result(push, [push.id], () =>
    out.fields([
      ['state', push.state],
      ['location', push.location ?? '-'],
      ...(push.error === null ? [] : [['error', plain(push.error)] as const]),
    ]),
  );
  if (push.state !== 'succeeded' && wait)
    throw new CliError(EXIT.failed, `The push is ${push.state}: ${plain(push.error ?? '')}`);
}

const authorization = () => {
  const { PUSH_AUTHORIZATION: value } = process.env;
  return value ? { authorization: value } : {};
};

const credentials = () => {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env;
  return id && secret ? { credentials: { access_key_id: id, secret_access_key: secret } } : {};
};

/** After its first attempt: later ones may be hours away. */
async function ended({ strata, deadline }: Context, asked: Push): Promise<Push> {
  for (let push = asked; ; ) {
    if (push.finished_at !== null || push.error !== null) return push;
    await delay(LOOK_MS, undefined, { signal: deadline });
    push = (await strata.models.pushes(asked.model_id)).find(({ id }) => id === asked.id) ?? asked;
  }
}

export async function listPushes(context: Context, text: string): Promise<void> {
  const { strata, out } = context;
  const pushes = await strata.models.pushes(await modelIdOf(context, text));
  out.result(
    pushes,
    pushes.map(({ id }) => id),
    () => {
      if (pushes.length === 0) return out.note('No pushes.');
      out.table(
        ['TARGET', 'URL', 'NETWORK', 'STATE', 'CREATED'],
        pushes.map(({ target, url, variant, state, created_at: at }) => [
          target,
          plain(url),
          variant,
          state,
          moment(at),
        ]),
      );
    },
  );
}
