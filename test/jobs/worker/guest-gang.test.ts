import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { parseStreamAddress, streamAddressText } from '../../../src/contract/stream-address.js';
import type { TaskAssignment } from '../../../src/contract/trainer-protocol.js';
import type { Outcome } from '../../../src/jobs/worker/children/trainer-child.js';
import { checkPorts } from '../../../src/jobs/worker/gangs/check-ports.js';
import { Nudged } from '../../../src/jobs/worker/gangs/nudged.js';
import type { Slot } from '../../../src/jobs/worker/slots/slot.js';
import { Gang, type Runs } from '../../../src/jobs/worker/tasks/gang.js';
import { resolved } from '../support/specs.js';

// docs/adr/0027: slots of this worker, then members of others.

const ASSIGNMENT = { spec: resolved(), kind: 'stage', stage: null } as unknown as TaskAssignment;
const END = { host: '10.0.0.1', port: 7_700, identity: 'task/1/0', secret: '00' };
const ignore = () => undefined;

const succeeded: Outcome = {
  kind: 'succeeded',
  success: { outputs: {}, seconds: {}, artifacts: [], result: {} },
};

function members() {
  const places: TaskAssignment['gang'][] = [];
  const asked: string[] = [];
  const killed: string[] = [];
  const member = (name: string): Runs => ({
    run: async ({ gang }) => {
      places.push(gang);
      return succeeded;
    },
    askCheckpoint: () => void asked.push(name),
    kill: async () => void killed.push(name),
  });
  return { places, asked, killed, slot: member('slot') as Slot, guest: member('guest') };
}

test('a guest follows the slots of the worker, and its seat is forgotten at the end', async () => {
  const { places, asked, slot, guest } = members();
  const gang = new Gang([slot]);
  let closed = 0;
  gang.join({ members: [guest], ends: [END], close: async () => void closed++ });
  assert.equal(gang.size, 2);
  assert.equal((await gang.run(ASSIGNMENT, ignore, ignore)).kind, 'succeeded');
  assert.deepEqual(places, [
    { member: 0, members: 2, listen: END, connect: null },
    { member: 1, members: 2, listen: null, connect: END },
  ]);
  gang.askCheckpoint(ASSIGNMENT, true);
  assert.deepEqual([asked, closed], [['slot'], 1]);
});

test('a gang that is to end before it has begun starts no trainer, and still forgets its guests', async () => {
  for (const end of ['stop', 'kill'] as const) {
    const { places, killed, slot, guest } = members();
    const gang = new Gang([slot]);
    let closed = 0;
    gang.join({ members: [guest], ends: [END], close: async () => void closed++ });
    if (end === 'stop') gang.askCheckpoint(ASSIGNMENT, true);
    else await gang.kill('its job is to end at once');
    const outcome = await gang.run(ASSIGNMENT, ignore, ignore);
    assert.equal(outcome.kind, end === 'stop' ? 'stopped' : 'gone');
    assert.deepEqual([places, killed, closed], [[], [], 1]);
  }
});

test('the address of streams is a host and the port of the first slot', () => {
  assert.deepEqual(parseStreamAddress('10.1.0.2:7700'), { host: '10.1.0.2', port: 7_700 });
  assert.deepEqual(parseStreamAddress('[fd00::2]:1'), { host: 'fd00::2', port: 1 });
  assert.deepEqual(parseStreamAddress('worker-3.local:64511'), { host: 'worker-3.local', port: 64_511 });
  for (const wrong of [
    '10.1.0.2',
    '10.1.0.2:0',
    'worker:64512',
    'fd00::2:7700',
    ':7700',
    'a b:1',
    'http://a:1',
  ])
    assert.equal(parseStreamAddress(wrong), null, wrong);
  for (const text of ['10.1.0.2:7700', '[fd00::2]:7700'])
    assert.equal(streamAddressText(parseStreamAddress(text)!), text);
});

test('a worker whose ports are taken does not start, and says which setting to change', async (t) => {
  const server = createServer().listen(0);
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await assert.rejects(checkPorts({ host: '127.0.0.1', port }, 1), (error: Error) => {
    assert.match(error.message, new RegExp(`^STRATA_STREAM_ADDRESS: .* the port ${port} for itself`));
    return true;
  });
  server.close();
  await once(server, 'close');
  await checkPorts({ host: '127.0.0.1', port }, 1);
});

test('a wait for a change is ended by a nudge, by time or by the end of its wait', async () => {
  const nudged = new Nudged();
  const ended = new AbortController();
  const waits = [nudged.changed(3_600_000), nudged.changed(1), nudged.changed(3_600_000, ended.signal)];
  await waits[1];
  ended.abort();
  await waits[2];
  nudged.nudge();
  await waits[0];
  await nudged.changed(3_600_000, ended.signal);
});
