// npm run api-key -- create | list | revoke
import { parseArgs } from 'node:util';
import { DEFAULT_TENANT, SCOPES, type Scope, TENANT_PATTERN } from '../../contract/access.js';
import { PRIVATE_UMASK } from '../../contract/private-files.js';
import { parseSettings } from '../../contract/settings.js';
import { type KeyOffice, openKeyOffice } from '../../jobs/client/keys/key-office.js';
import { migrate } from '../../jobs/store/connection/migrate.js';
import { withHomeDatabase } from '../home-database.js';
import { runCommand } from './command.js';

const USAGE = `usage:
  npm run api-key -- create --name <name> [--tenant <tenant>] [--scopes ${SCOPES.join(',')}]
  npm run api-key -- list [--tenant <tenant>]
  npm run api-key -- revoke <id> [--tenant <tenant>]`;

interface Order {
  readonly verb: string | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly tenant: string;
  readonly scopes: readonly Scope[];
}

await runCommand(async () => {
  process.umask(PRIVATE_UMASK);
  const order = readOrder(process.argv.slice(2));
  await withHomeDatabase(parseSettings(process.env), async (databaseUrl, isOurs) => {
    // A command that only reads changes no schema under a service that runs.
    if (isOurs || order.verb !== 'list') await migrate(databaseUrl);
    const office = await openKeyOffice(databaseUrl);
    await carryOut(order, office).finally(() => office.close());
  });
});

function readOrder(args: string[]): Order {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { name: text, tenant: text, scopes: text },
  });
  const tenant = values.tenant ?? DEFAULT_TENANT;
  if (!TENANT_PATTERN.test(tenant)) throw new Error(`--tenant must match ${TENANT_PATTERN.source}`);
  const scopes = values.scopes?.split(',').map(toScope) ?? SCOPES;
  return { verb: positionals[0], id: positionals[1], name: values.name, tenant, scopes };
}

function toScope(text: string): Scope {
  const found = SCOPES.find((scope) => scope === text);
  if (!found) throw new Error(`there is no scope '${text}'; the scopes are ${SCOPES.join(', ')}`);
  return found;
}

async function carryOut({ verb, id, name, tenant, scopes }: Order, office: KeyOffice): Promise<void> {
  if (verb === 'create' && name) {
    const key = await office.create({ tenant, name, scopes });
    console.error(`A key of tenant ${tenant} with ${scopes.join(', ')}. It is shown only once:`);
    console.log(key);
  } else if (verb === 'list') {
    for (const key of await office.list(tenant)) {
      console.log(`${key.id}  ${key.created_at}  ${key.scopes.join(',')}  ${key.name}`);
    }
  } else if (verb === 'revoke' && id) {
    if (!(await office.revoke(tenant, id))) throw new Error(`tenant ${tenant} has no key ${id}`);
    console.error(`Revoked ${id}. Every API process rejects it within a second.`);
  } else throw new Error(USAGE);
}
