import type { Event, Job } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import type { ExitCode } from '../exit.js';
import { clock, plain } from '../format.js';
import { showEnd } from '../views/job-view.js';
import { attend } from './attend.js';

/** Shows a job until it ends: the wavefront on a terminal, a line an event otherwise, JSON for `--json`. */
export async function follow(context: Context, id: string): Promise<ExitCode> {
  const { strata, out, deadline } = context;
  // A refused key and a server that is down end the command at once; later, they are retried.
  await strata.jobs.get(id);
  return attend(context, id, async () => {
    if (out.isScreen && !out.options.quiet) {
      const { followOnScreen } = await import('./screen.js');
      await followOnScreen(context, id);
    } else {
      for await (const event of strata.jobs.follow(id, { signal: deadline })) tell(context, event);
    }
    deadline.throwIfAborted();
    const job = await strata.jobs.ended(id, { signal: deadline });
    if (!out.options.json && !out.options.quiet) showEnd(out, job);
    return job;
  });
}

function tell({ out }: Context, event: Event): void {
  if (out.options.json) out.jsonLine(event);
  else if (!out.options.quiet) out.line(eventLine(event));
}

export function eventLine({ at, level, message }: Event): string {
  return `${clock(at)}  ${level === 'info' ? '' : `${level}: `}${plain(message)}`;
}

/** Waits without showing anything. */
export async function wait(context: Context, id: string): Promise<ExitCode> {
  const { strata, out, deadline } = context;
  await strata.jobs.get(id);
  return attend(context, id, async () => {
    const job: Job = await strata.jobs.ended(id, { signal: deadline });
    out.result(job, [job.id], () => showEnd(out, job));
    return job;
  });
}
