import type { components } from '../../../client/src/index.js';
import { answered } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { moment, plain } from '../format.js';
import { keyIdOf } from '../target.js';

type Schemas = components['schemas'];

export async function listWorkers({ strata, out }: Context): Promise<void> {
  const list = await answered(strata.http.GET('/workers'));
  out.result(
    list,
    list.data.map(({ id }) => id),
    () => {
      if (list.data.length === 0) return out.note('No worker runs. `npm start` starts one with the server.');
      out.table(['ID', 'HOST', 'DEVICES', 'BUSY', 'LAST SEEN'], list.data.map(rowOfWorker));
    },
  );
}

export async function drainWorker({ strata, out }: Context, id: string): Promise<void> {
  const worker = await answered(strata.http.POST('/workers/{id}/drain', { params: { path: { id } } }));
  if (out.options.json) return out.json(worker);
  const busy = busySlots(worker);
  const left = busy === 0 ? 'and has none' : `and still has ${busy}`;
  out.note(`✓ worker ${id} on ${plain(worker.host)} takes no more tasks ${left}`);
}

function busySlots({ slots }: Schemas['Worker']): number {
  return slots.filter(({ state }) => state === 'busy').length;
}

function rowOfWorker(worker: Schemas['Worker']): string[] {
  const { id, host, devices, slots, heartbeat_at: at, draining } = worker;
  const names = devices.map(({ name, slots: count }) => `${count} x ${plain(name)}`).join(', ');
  const suspects = slots.filter(({ state }) => state === 'quarantined').length;
  const suspected = suspects > 0 ? `, ${suspects} in quarantine` : '';
  const busy = `${busySlots(worker)} of ${slots.length}${suspected}${draining ? ', draining' : ''}`;
  return [id, plain(host), names, busy, moment(at)];
}

export async function listKeys({ strata, out }: Context): Promise<void> {
  const list = await answered(strata.http.GET('/api-keys'));
  out.result(
    list,
    list.data.map(({ id }) => id),
    () =>
      out.table(
        ['ID', 'NAME', 'SCOPES', 'CREATED'],
        list.data.map(({ id, name, scopes, created_at: at }) => [
          id,
          plain(name),
          scopes.join(','),
          moment(at),
        ]),
      ),
  );
}

/** The key alone goes to stdout, so that a script can keep it. */
export async function createKey(
  { strata, out }: Context,
  name: string,
  scopes: Schemas['Scope'][],
): Promise<void> {
  const created = await answered(strata.http.POST('/api-keys', { body: { name, scopes } }));
  if (out.options.json) return out.json(created);
  out.note(`✓ key ${created.id} of tenant ${created.tenant}. It is shown only once:`);
  out.line(created.key);
}

export async function revokeKey({ strata, out, target }: Context, id: string): Promise<void> {
  if (keyIdOf(target.apiKey) === id && !out.options.quiet)
    out.note('This is the key that you use: the next command needs another one.');
  const { error, response } = await strata.http.DELETE('/api-keys/{id}', { params: { path: { id } } });
  if (error)
    throw new CliError(response.status === 404 ? EXIT.failed : EXIT.key, `${error.detail} (${error.code})`);
  out.note(`✓ key ${id} is revoked`);
}
