import { randomUUID } from 'node:crypto';
import pg from 'pg';

const CHANNEL = 'strata_probe';
/** Time in which a notification must arrive. Where there is no pooler, it takes milliseconds. */
export const HEARD_MS = 10_000;

/**
 * Sends a notification through `databaseUrl` that `client`, of another connection, must hear. A pooler of transactions takes
 * LISTEN without an error, and hands its notifications to nobody.
 * @throws Error that names the setting and the remedy, where it does not arrive
 */
export async function requireHeard(
  client: pg.Client,
  databaseUrl: string,
  heardMs: number = HEARD_MS,
): Promise<void> {
  const word = randomUUID();
  let timer: NodeJS.Timeout | undefined;
  let hear = (_: pg.Notification): void => undefined;
  const heard = new Promise<boolean>((resolve) => {
    hear = ({ channel, payload }) => {
      if (channel === CHANNEL && payload === word) resolve(true);
    };
    timer = setTimeout(resolve, heardMs, false);
  });
  client.on('notification', hear);
  try {
    await client.query(`LISTEN ${CHANNEL}`);
    await say(databaseUrl, word);
    if (!(await heard)) throw new Error(unheard(client));
    await client.query(`UNLISTEN ${CHANNEL}`);
  } finally {
    clearTimeout(timer);
    client.off('notification', hear);
  }
}

async function say(databaseUrl: string, word: string): Promise<void> {
  const speaker = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: HEARD_MS });
  speaker.on('error', () => undefined);
  await speaker.connect();
  try {
    await speaker.query('SELECT pg_notify($1, $2)', [CHANNEL, word]);
  } finally {
    await speaker.end().catch(() => undefined);
  }
}

function unheard({ host, port, database = '' }: pg.Client): string {
  return (
    `DATABASE_DIRECT_URL: what is sent through DATABASE_URL does not arrive at those that LISTEN at ${host}:${port}/${database}. ` +
    'A pooler such as PgBouncer with pool_mode = transaction loses it. Keep its address in DATABASE_URL, and set ' +
    'DATABASE_DIRECT_URL to the same database of the Postgres server itself.'
  );
}
