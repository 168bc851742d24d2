import { type components, type Event, type Job, StrataProblem } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { clock } from '../format.js';
import { frameOf, LABEL } from './frame.js';
import { type Wavefront, wavefrontOf } from './wavefront.js';

type Schemas = components['schemas'];

/** The picture is drawn twice a second, and what it shows is read at most once a second, after an event. */
const REDRAW_MS = 500;
const REST_MS = 1_000;
/** Events that are kept to be shown. */
const KEPT = 3;

interface Seen {
  readonly job: Job;
  readonly attempts: readonly Schemas['Attempt'][];
  readonly tasks: readonly Schemas['Task'][];
  readonly accuracy: number | null;
}

/** Draws a job again and again in the same place until it has ended; the last picture stays. */
export async function followOnScreen(context: Context, id: string): Promise<void> {
  const { strata, deadline } = context;
  const picture = new Picture(context);
  let seen = await look(context, id);
  let events: readonly Event[] = [];
  let isStale = false;
  let isLooking = false;
  let away: string | null = null;
  const draw = () => picture.draw(seen, events, away);
  context.watchConnection({
    lost: (cause) => {
      away = `The server has not answered since ${clock(Date.now())} (${cause}); trying again.`;
    },
    found: () => {
      away = null;
    },
  });
  const redrawing = setInterval(draw, REDRAW_MS);
  const looking = setInterval(async () => {
    if (!isStale || isLooking) return;
    isStale = false;
    isLooking = true;
    // A server that is away comes back: the events go on then, and so does this.
    seen = await look(context, id).catch(() => seen);
    isLooking = false;
  }, REST_MS);
  draw();
  try {
    for await (const event of strata.jobs.follow(id, { signal: deadline })) {
      events = [...events, event].slice(-KEPT);
      isStale = true;
    }
    if (!deadline.aborted) seen = await look(context, id);
    draw();
  } finally {
    clearInterval(redrawing);
    clearInterval(looking);
  }
}

async function look({ strata }: Context, id: string): Promise<Seen> {
  const job = await strata.jobs.get(id);
  const [attempts, tasks, accuracy] = await Promise.all([
    strata.jobs.attempts(id),
    job.finished_at === null ? strata.jobs.tasks(id) : [],
    accuracyOf(strata, job),
  ]);
  return { job, attempts, tasks, accuracy };
}

const ACCURACIES = ['validation_accuracy', 'test_accuracy'];

/** The accuracy of the result, or of the newest evaluation. */
async function accuracyOf(strata: Context['strata'], job: Job): Promise<number | null> {
  if (job.result) return job.result.test_accuracy;
  try {
    const series = await strata.jobs.metrics(job.id, { name: ACCURACIES, points: 2 });
    return series.at(-1)?.points.at(-1)?.[1] ?? null;
  } catch (error) {
    // The picture is worth showing without it.
    if (error instanceof StrataProblem) return null;
    throw error;
  }
}

const UP = (lines: number) => (lines > 0 ? `\u001b[${lines}A\r` : '\r');
const CLEAR_DOWN = '\u001b[J';

/** Lines of a terminal that are drawn over. */
class Picture {
  private height = 0;

  constructor(private readonly context: Context) {}

  draw({ job, attempts, tasks, accuracy }: Seen, events: readonly Event[], away: string | null): void {
    // A terminal that does not know its size says 0.
    const columns = process.stdout.columns || 80;
    const rows = process.stdout.rows || 24;
    const nowMs = Date.now();
    const width = Math.max(10, columns - LABEL - 1);
    const wavefront: Wavefront | null =
      attempts.length === 0 ? null : wavefrontOf({ attempts, tasks, nowMs, width });
    const paint = this.context.out.paint.bind(this.context.out);
    const lines = frameOf({ job, wavefront, accuracy, events, away, nowMs, columns, rows, paint });
    process.stdout.write(`${UP(this.height)}${CLEAR_DOWN}${lines.join('\n')}\n`);
    this.height = lines.length;
  }
}
