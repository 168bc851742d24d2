import type { Job } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT, type ExitCode, exitCodeOf } from '../exit.js';
import { saying } from '../interrupt.js';

/**
 * Runs `watching`, which resolves with the job once it has ended. Ctrl-C and `--timeout` end the watching at once, and
 * the job goes on.
 */
export async function attend(context: Context, id: string, watching: () => Promise<Job>): Promise<ExitCode> {
  const { out, deadline, timeout } = context;
  const howToGoOn = `Go on with: strata follow ${id}   Stop it with: strata cancel ${id}`;
  saying(() => out.warn(`\nDetached; job ${id} goes on. ${howToGoOn}`));
  context.watchConnection({
    lost: (cause) => out.note(`The server does not answer (${cause}); trying again. Ctrl-C detaches.`),
    found: () => out.note('The server answers again.'),
  });
  out.note(`Job ${id}. Ctrl-C detaches; the job goes on.`);
  try {
    const job = await watching();
    if (job.finished_at === null) deadline.throwIfAborted();
    return exitCodeOf(job);
  } catch (error) {
    if (!deadline.aborted) throw error;
    throw new CliError(EXIT.timeout, `Job ${id} has not ended within ${timeout} s; it goes on.`, howToGoOn);
  } finally {
    saying(undefined);
  }
}
