// node dist/service/commands/alive.js dispatcher|worker
import { hostname } from 'node:os';
import { parseSettings } from '../../contract/settings.js';
import { heartbeatAge } from '../../jobs/store/heartbeat.js';
import { runCommand } from './command.js';

/** A process is taken for hung when its heartbeat is this old: several have failed in a row. */
const HUNG_S = 60;

/**
 * A health check for processes that listen to nobody. It fails where Postgres has no recent heartbeat of this host. While
 * Postgres does not answer, it succeeds: a restart of this process would not help.
 */
await runCommand(async () => {
  const [kind, ...more] = process.argv.slice(2);
  if ((kind !== 'dispatcher' && kind !== 'worker') || more.length > 0)
    throw new Error('usage: alive dispatcher|worker');
  const { databaseUrl } = parseSettings(process.env);
  if (!databaseUrl) throw new Error('DATABASE_URL must be set.');
  const age = await heartbeatAge(databaseUrl, kind, hostname());
  if (age === 'unknown') return console.log('Postgres does not answer, so nothing is known.');
  if (age === null) throw new Error(`Postgres has no heartbeat of a ${kind} on ${hostname()}.`);
  if (age > HUNG_S) throw new Error(`The last heartbeat of the ${kind} is ${age.toFixed(0)} s old.`);
  console.log(`The last heartbeat of the ${kind} is ${age.toFixed(1)} s old.`);
});
