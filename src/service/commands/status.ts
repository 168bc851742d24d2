// npm run status: whether the service runs, where, and how it is. It exits with 1 where none runs or it is not well.

import type { components } from '../../contract/generated/openapi.js';
import { messageOf } from '../../contract/message-of.js';
import { parseSettings } from '../../contract/settings.js';
import { stopCommand } from '../home.js';
import { findService } from '../running.js';
import { runCommand } from './command.js';

const ANSWER_MS = 10_000;

await runCommand(async () => {
  const { home } = parseSettings(process.env);
  const service = await findService(home);
  if (service === null) {
    console.log(`Strata does not run on ${home}. To start it:  npm start`);
    process.exitCode = 1;
    return;
  }
  const { pid, url } = service;
  console.log(`process   ${pid}\nhome      ${home}`);
  if (url === null) return console.log('address   none yet: it is starting');
  console.log(`address   ${url}\ndashboard ${url}/ui/`);
  const health = await healthOf(url);
  console.log(`health    ${health.lines.join('\n          ')}\nTo stop it:  ${stopCommand(home)}`);
  if (!health.isWell) process.exitCode = 1;
});

async function healthOf(url: string): Promise<{ isWell: boolean; lines: string[] }> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (!response.ok) return { isWell: false, lines: [`not ready: HTTP ${response.status}`] };
    const health = (await response.json()) as components['schemas']['Health'];
    const { postgres, redis, workers } = health.dependencies;
    const parts = `${health.status}: Postgres ${postgres}, Redis ${redis}, ${workers} worker(s)`;
    return { isWell: health.status === 'ok', lines: [parts, ...health.problems] };
  } catch (error) {
    return { isWell: false, lines: [`no answer: ${messageOf(error)}`] };
  }
}
