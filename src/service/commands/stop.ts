// npm stop: ends the service of this checkout, or of STRATA_HOME, and waits until all of it has ended.
import { parseSettings } from '../../contract/settings.js';
import { findService } from '../running.js';
import { runCommand } from './command.js';

/** Longer than a service gives its own parts to end. */
const STOP_MS = 60_000;

await runCommand(async () => {
  const { home } = parseSettings(process.env);
  const service = await findService(home);
  if (service === null) return console.log(`Strata does not run on ${home}.`);
  console.log(`Stopping process ${service.pid} ...`);
  await service.stop(AbortSignal.timeout(STOP_MS));
  console.log('Stopped.');
});
