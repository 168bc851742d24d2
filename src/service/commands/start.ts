// npm start
import { parseSettings } from '../../contract/settings.js';
import { streamProgress } from '../../provision/progress.js';
import { type Service, startService } from '../service.js';
import { describeParts } from '../setup.js';
import { runCommand } from './command.js';
import { fired, Stopped, stopSignal } from './signals.js';

await runCommand(async () => {
  const signal = stopSignal();
  const progress = streamProgress();
  try {
    const service = await startService({ settings: parseSettings(process.env), progress, signal });
    announce(service);
    await fired(signal);
    console.log('Stopping: API, worker, dispatcher, then Redis and Postgres ...');
    await service.stop();
    console.log('Stopped.');
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  }
});

function announce(service: Service): void {
  if (service.parts.some((part) => !part.reused)) console.log(`Set up:\n${describeParts(service.parts)}`);
  console.log(
    `\nStrata is running:\n  API   ${service.apiUrl}\n  Docs  ${service.apiUrl}/docs\nPress Ctrl-C to stop.\n`,
  );
}
