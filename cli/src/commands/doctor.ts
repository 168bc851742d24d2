import { stat } from 'node:fs/promises';
import { answered } from '../../../client/src/index.js';
import { configFile } from '../config.js';
import type { Context } from '../context.js';
import { explain } from '../errors.js';
import { EXIT, type ExitCode } from '../exit.js';

interface Fact {
  readonly what: string;
  readonly ok: boolean;
  readonly text: string;
}

/** Looks at each thing that a command needs. It changes nothing. */
export async function doctor(context: Context): Promise<ExitCode> {
  const { out } = context;
  const { facts, exitCode } = await examine(context);
  if (out.options.json) out.json({ ok: exitCode === EXIT.done, facts });
  else for (const { what, ok, text } of facts) out.line(`${ok ? '✓' : '✗'} ${what.padEnd(8)}  ${text}`);
  return exitCode;
}

async function examine(context: Context): Promise<{ facts: Fact[]; exitCode: ExitCode }> {
  const { strata, target } = context;
  const facts: Fact[] = [{ what: 'node', ok: true, text: process.version }, await savedSettings(context)];
  const codes: ExitCode[] = facts.map(({ ok }) => (ok ? EXIT.done : EXIT.failed));
  const look = async (what: string, question: () => Promise<Omit<Fact, 'what'>>) => {
    try {
      const fact = { what, ...(await question()) };
      facts.push(fact);
      codes.push(fact.ok ? EXIT.done : EXIT.failed);
    } catch (error) {
      const { exitCode: code, lines } = explain(error, target.url);
      facts.push({ what, ok: false, text: lines.join(' ') });
      codes.push(code);
    }
  };
  await look('server', async () => {
    await answered(strata.http.GET('/health/live'));
    return { ok: true, text: target.url };
  });
  if (codes.at(-1) !== EXIT.done) return { facts, exitCode: codes.at(-1) ?? EXIT.failed };
  await look('health', async () => {
    const { data, error } = await strata.http.GET('/health/ready');
    const problems = data?.problems ?? [];
    if (error || !data)
      return { ok: false, text: 'The server is not ready: Postgres or Redis does not answer it.' };
    return { ok: true, text: [data.status, ...problems].join('; ') };
  });
  await look('key', async () => {
    await strata.jobs.list({ limit: 1 });
    return {
      ok: true,
      text: target.keyFrom === null ? 'none, and none is needed' : `accepted, from ${target.keyFrom}`,
    };
  });
  await look('workers', async () => {
    const workers = await strata.workers.list();
    const slots = workers.reduce((sum, worker) => sum + worker.slots.length, 0);
    if (workers.length === 0) return { ok: false, text: 'No worker runs: jobs wait until one does.' };
    return { ok: true, text: `${workers.length}, for ${slots} tasks at once` };
  });
  return { facts, exitCode: codes.find((code) => code !== EXIT.done) ?? EXIT.done };
}

async function savedSettings({ environment, config }: Context): Promise<Fact> {
  const path = configFile(environment);
  const found = await stat(path).catch(() => null);
  if (found === null) return { what: 'settings', ok: true, text: 'none saved' };
  const isPrivate = (found.mode & 0o077) === 0;
  const text = isPrivate ? `${path}, for ${config.url}` : `${path} can be read by others: chmod 600 ${path}`;
  return { what: 'settings', ok: isPrivate, text };
}
