// npm start [-- --detach]
import { parseArgs } from 'node:util';
import { parseSettings } from '../../contract/settings.js';
import { streamProgress } from '../../provision/progress.js';
import { DETACHED, startDetached } from '../detached.js';
import { type Service, startService } from '../service.js';
import { describeParts } from '../setup.js';
import { runCommand } from './command.js';
import { fired, Stopped, stopSignal } from './signals.js';

await runCommand(async () => {
  const isDetached = process.env[DETACHED] !== undefined;
  // It is for this process alone, and no setting.
  delete process.env[DETACHED];
  const settings = parseSettings(process.env);
  const { values } = parseArgs({ options: { detach: { type: 'boolean' } } });
  const signal = stopSignal({ outlives: isDetached });
  try {
    if (values.detach) {
      const url = await startDetached(settings.home, signal);
      console.log(`Strata is running at ${url}. \`npm run status\` looks at it, \`npm stop\` stops it.`);
      return;
    }
    const service = await startService({ settings, progress: streamProgress(), signal });
    announce(service, isDetached ? '`npm stop` stops it.' : 'Press Ctrl-C to stop.');
    if (isDetached) process.send?.(service.apiUrl, () => process.disconnect());
    await fired(signal);
    console.log('Stopping: API, worker, dispatcher, then Redis and Postgres ...');
    await service.stop();
    console.log('Stopped.');
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
});

function announce(service: Service, howToStop: string): void {
  if (service.parts.some((part) => !part.reused)) console.log(`Set up:\n${describeParts(service.parts)}`);
  console.log(
    `\nStrata is running:\n  Pages  ${service.apiUrl}/ui/\n  API    ${service.apiUrl}\n  Docs   ${service.apiUrl}/docs\n${howToStop}\n`,
  );
}
