import { answered, type components } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { clock, plain } from '../format.js';
import { saying } from '../interrupt.js';
import { jobIdOf } from '../last-job.js';

type LogLine = components['schemas']['LogLine'];
type LogList = components['schemas']['LogList'];

export interface LogsOptions {
  readonly task?: string;
  readonly follow?: boolean;
}

const PAGE = 1_000;

/** Shows the output of a job's trainers; with `--follow` also their output from now on. */
export async function showLogs(context: Context, text: string, { task, follow }: LogsOptions): Promise<void> {
  const id = await jobIdOf(context, text);
  const options = task === undefined ? {} : { task };
  if (follow) return followLogs(context, id, options);
  const lists: LogList[] = [];
  for (let after = 0; ; ) {
    const query = { ...options, after, limit: PAGE };
    const page = await answered(
      context.strata.http.GET('/jobs/{id}/logs', { params: { path: { id }, query } }),
    );
    lists.push(page as LogList);
    const last = (page as LogList).data.at(-1);
    if (!context.out.options.json) for (const line of (page as LogList).data) show(context, line);
    if (last === undefined || (page as LogList).data.length < PAGE) break;
    after = last.seq;
  }
  const [first] = lists;
  if (context.out.options.json && first)
    context.out.json({ ...first, ...lists.at(-1), data: lists.flatMap(({ data }) => data) });
}

async function followLogs(context: Context, id: string, options: { readonly task?: string }): Promise<void> {
  const { strata, out, deadline } = context;
  await strata.jobs.get(id);
  saying(() => out.warn(`\nJob ${id} goes on.`));
  for await (const line of strata.jobs.followLog(id, { ...options, signal: deadline })) show(context, line);
  deadline.throwIfAborted();
}

function show({ out }: Context, line: LogLine): void {
  if (out.options.json) out.jsonLine(line);
  else out.line(`${clock(line.at)}  ${line.task}·${line.attempt}  ${plain(line.text)}`);
}
