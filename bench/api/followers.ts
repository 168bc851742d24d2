import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { Pool } from 'pg';

export interface Followers {
  readonly followers: number;
  readonly events: number;
  /** Followers that got every event, in order and once. */
  readonly complete: number;
  /** From the first event written to the last follower's end. */
  readonly seconds: number;
}

/** Lets `count` clients follow one job while `events` events are written, then ends the job. */
export async function follow(
  url: string,
  databaseUrl: string,
  count: number,
  events: number,
): Promise<Followers> {
  const created = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ dataset: 'mnist', epochs: 1 }),
  });
  const { id } = (await created.json()) as { id: string };
  const responses = await Promise.all(Array.from({ length: count }, () => open(`${url}/jobs/${id}/events`)));
  const readers = responses.map(seqsOf);
  const started = performance.now();
  await writeEvents(databaseUrl, id, events);
  await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' });
  const seen = await Promise.all(readers);
  const seconds = (performance.now() - started) / 1000;
  // job.queued goes before them and job.cancelled after.
  const wanted = Array.from({ length: events + 2 }, (_, index) => index + 1).join();
  const complete = seen.filter((seqs) => seqs.join() === wanted).length;
  return { followers: count, events: events + 2, complete, seconds: Number(seconds.toFixed(1)) };
}

async function open(url: string): Promise<IncomingMessage> {
  const request = get(url, { headers: { accept: 'text/event-stream' }, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode}`);
  return response;
}

async function seqsOf(response: IncomingMessage): Promise<number[]> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, seq]) => Number(seq));
}

/** Writes events as the service does: numbered under the job's row, announced at commit. */
async function writeEvents(databaseUrl: string, jobId: string, count: number): Promise<void> {
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  for (let n = 0; n < count; n++) {
    await pool.query(
      `WITH raised AS (UPDATE job SET event_seq = event_seq + 1 WHERE id = $1 RETURNING id, event_seq),
         written AS (INSERT INTO event (job_id, seq, level, type, message, data)
           SELECT id, event_seq, 'info', 'bench', 'one of many', '{}' FROM raised)
       SELECT pg_notify('strata_event', $1)`,
      [jobId],
    );
  }
  await pool.end();
}
