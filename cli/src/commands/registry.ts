import type { components } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { moment, plain } from '../format.js';

type Promotion = components['schemas']['Promotion'];

export async function listRegistry({ strata, out }: Context): Promise<void> {
  const list = await strata.registry.list({ limit: 100 });
  const names = list.data.map(({ name }) => name);
  out.result(list, names, () => {
    if (names.length === 0) return out.note('No models.');
    out.table(
      ['NAME', 'LATEST', 'ALIASES', 'CREATED'],
      list.data.map(({ name, latest_version: latest, aliases, created_at: at }) => [
        plain(name),
        String(latest),
        aliases.map(({ alias, version }) => `${alias}=${version}`).join(', '),
        moment(at),
      ]),
    );
  });
}

export async function showRegistry({ strata, out }: Context, name: string): Promise<void> {
  const model = await strata.registry.get(name);
  out.result(
    model,
    model.versions.flatMap(({ model_id: id }) => id ?? []),
    () => {
      const aliasesOf = (wanted: number) =>
        model.aliases.filter(({ version }) => version === wanted).map(({ alias }) => alias);
      out.table(
        ['VERSION', 'MODEL', 'ALIASES', 'CREATED'],
        model.versions.map(({ version, model_id: id, created_at: at }) => [
          String(version),
          id ?? 'deleted',
          aliasesOf(version).join(', '),
          moment(at),
        ]),
      );
    },
  );
}

export interface PromoteOptions {
  readonly note?: string;
  /** Why the rule of the alias is passed by. */
  readonly force?: string;
}

export async function promote(
  { strata, out }: Context,
  name: string,
  version: number,
  alias: string,
  { note = '', force }: PromoteOptions,
): Promise<void> {
  const forced = force === undefined ? {} : { force: { reason: force } };
  const promotion = await strata.registry.promote(name, { version, alias, note, ...forced });
  show(out, promotion);
  if (promotion.state === 'rejected')
    throw new CliError(EXIT.failed, `The promotion was rejected: ${plain(promotion.reason ?? '')}`);
}

export async function approvePromotion({ strata, out }: Context, id: string): Promise<void> {
  show(out, await strata.registry.approve(id));
}

export async function rejectPromotion({ strata, out }: Context, id: string): Promise<void> {
  show(out, await strata.registry.reject(id));
}

function show(out: Context['out'], promotion: Promotion): void {
  out.result(promotion, [promotion.id], () => {
    out.fields([
      ['id', promotion.id],
      ['state', promotion.state],
      ['alias', `${promotion.alias} of ${plain(promotion.name)}, version ${promotion.version}`],
    ]);
    for (const { met, reason } of promotion.evidence) out.line(`${met ? '✓' : '✗'} ${plain(reason)}`);
  });
}
