import { spawn } from 'node:child_process';
import type { Context } from '../context.js';
import { jobIdOf } from '../last-job.js';

/** Opens the dashboard, or the page of a job. The address is printed for machines without a browser. */
export async function openPage(context: Context, job: string | undefined): Promise<void> {
  const { target, out, environment } = context;
  const page = job === undefined ? '' : `jobs/${await jobIdOf(context, job)}`;
  const url = `${target.url}/ui/${page}`;
  if (out.options.json) out.json({ url });
  else out.line(url);
  await browse(environment.BROWSER || (process.platform === 'darwin' ? 'open' : 'xdg-open'), url);
}

/** Resolves once the browser has started, or cannot. It stays when this command ends. */
function browse(browser: string, url: string): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(browser, [url], { stdio: 'ignore', detached: true });
    child.once('error', () => resolve());
    child.once('spawn', () => {
      child.unref();
      resolve();
    });
  });
}
