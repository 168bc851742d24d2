// npm run quickstart [-- --exit]: trains and exports a network on a new machine.
import { join } from 'node:path';
import { createClient, type Job, type NewJob, type StrataClient } from '../../../client/src/index.js';
import { parseSettings, type Settings } from '../../contract/settings.js';
import { streamProgress } from '../../provision/progress.js';
import jobBody from '../quickstart-job.json' with { type: 'json' };
import { startService } from '../service.js';
import { openServiceLog } from '../service-log.js';
import { runCommand } from './command.js';
import { JobDisplay } from './quickstart/display.js';
import { downloadExports } from './quickstart/exports.js';
import { summarise } from './quickstart/summary.js';
import { fired, Stopped, stopSignal } from './signals.js';

await runCommand(async () => {
  const exits = process.argv.includes('--exit');
  const signal = stopSignal();
  const settings = parseSettings(process.env);
  const log = openServiceLog(settings.home);
  try {
    const service = await startService({ settings, progress: streamProgress(), output: log.fd, signal });
    try {
      await trainOne(service.apiUrl, settings, service.parts, signal);
      console.log(
        `\nStrata API: ${service.apiUrl}, pages: ${service.apiUrl}/ui/, documentation: ${service.apiUrl}/docs`,
      );
      if (!exits) {
        console.log('Press Ctrl-C to stop.');
        await fired(signal);
      }
    } finally {
      await service.stop();
    }
  } catch (error) {
    if (error instanceof Stopped || signal.aborted) return console.log('Stopped.');
    console.error(`Log of the service: ${log.path}`);
    throw error;
  }
});

async function trainOne(
  apiUrl: string,
  settings: Settings,
  parts: Parameters<typeof summarise>[2],
  signal: AbortSignal,
): Promise<void> {
  const client = createClient({ url: apiUrl, apiKey: process.env.STRATA_API_KEY });
  const job = (await unfinished(client)) ?? (await client.jobs.create(jobBody as NewJob, { signal }));
  const { spec, plan } = job;
  console.log(
    `\nJob ${job.id}: ${spec.dataset}, ${spec.method?.type}, K=${spec.method?.stages}, ${plan.tasks} tasks`,
  );
  const display = new JobDisplay(plan.tasks);
  for await (const event of client.jobs.follow(job.id, { signal })) display.show(event);
  display.end();
  signal.throwIfAborted();
  const done = await client.jobs.get(job.id);
  if (done.state !== 'succeeded') {
    throw new Error(
      `The job ended as ${done.state}: ${done.error?.message ?? done.state_reason ?? 'no reason given'}`,
    );
  }
  const files = await downloadExports(client, apiUrl, done, join(settings.home, 'quickstart', done.id));
  console.log(`\n${await summarise(client, done, parts, files)}`);
}

/** If a quickstart was interrupted, its job continues, instead of a second one. */
async function unfinished(client: StrataClient): Promise<Job | undefined> {
  const { data } = await client.jobs.list({ metadata: { quickstart: 'true' } });
  return data.find((job) => job.finished_at === null);
}
