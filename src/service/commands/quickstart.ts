// npm run quickstart [-- --exit]: trains and exports a network on a new machine.
import { openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, type Job, type NewJob, type StrataClient } from '../../../client/src/index.js';
import { parseSettings, type Settings } from '../../contract/settings.js';
import { streamProgress } from '../../provision/progress.js';
import jobBody from '../quickstart-job.json' with { type: 'json' };
import { startService } from '../service.js';
import { runCommand } from './command.js';
import { JobDisplay } from './quickstart/display.js';
import { downloadExports } from './quickstart/exports.js';
import { summarise } from './quickstart/summary.js';
import { fired, Stopped, stopSignal } from './signals.js';

await runCommand(async () => {
  const exits = process.argv.includes('--exit');
  const signal = stopSignal();
  const settings = parseSettings(process.env);
  const log = await serviceLog(settings);
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

async function serviceLog(settings: Settings): Promise<{ fd: number; path: string }> {
  const path = join(settings.home, 'logs', 'service.log');
  await mkdir(join(settings.home, 'logs'), { recursive: true, mode: 0o700 });
  return { fd: openSync(path, 'a', 0o600), path };
}

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
