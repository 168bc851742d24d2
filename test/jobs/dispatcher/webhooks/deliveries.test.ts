import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import type { JobsService } from '../../../../src/contract/client/service.js';
import type { TenantClient } from '../../../../src/contract/client/tenant.js';
import type { components } from '../../../../src/contract/generated/openapi.js';
import { openDeliveries, type Sender } from '../../../../src/jobs/dispatcher/deliveries/webhooks.js';
import { secretBox } from '../../../../src/jobs/outgoing/secret-box.js';
import { lazySecretBox } from '../../../../src/jobs/outgoing/secret-key.js';
import type { Database } from '../../../../src/jobs/store/connection/database.js';
import type { Strata } from '../../../support/strata.js';
import { makeDue, sendAll, senderParts, useOutbox } from '../../support/outbox.js';
import { smallJob } from '../../support/specs.js';
import { Receiver } from './receiver.js';

type Created = components['schemas']['CreatedWebhook'];

let strata: Strata;
let db: Database;
let service: JobsService;
let client: TenantClient;
let receiver: Receiver;
useOutbox((store) => ({ strata, db, service, client } = store));
beforeEach(async () => {
  receiver = await Receiver.start();
});
afterEach(async () => {
  for (const { id } of (await client.webhooks.listWebhooks()).data) await client.webhooks.deleteWebhook(id);
  await receiver.stop();
});

function send(changes: Partial<Sender> = {}): Promise<void> {
  return sendAll(openDeliveries({ ...senderParts({ strata, db }), now: () => new Date(), ...changes }));
}
const register = (events: Created['events'] = ['job.queued']) =>
  client.webhooks.createWebhook({ url: receiver.url, events });
const deliveriesOf = async ({ id }: Created) =>
  (await client.webhooks.listWebhookDeliveries(id, { limit: 20 })).data;

test('an event reaches the webhook, and verifies with the official library', async () => {
  const webhook = await register(['job.queued', 'job.cancelled']);
  const { job } = await client.jobs.createJob(smallJob(), {});
  await client.jobs.cancelJob(job.id, { force: true });
  await send();
  const messages = receiver.received.map(({ headers, body }) =>
    new Webhook(webhook.secret).verify(body, headers as Record<string, string>),
  ) as { type: string; timestamp: string; data: { job_id: string; event: unknown } }[];
  messages.sort((a, b) => (a.type < b.type ? 1 : -1));
  assert.deepEqual(
    messages.map(({ type, data }) => [type, data.job_id]),
    [
      ['job.queued', job.id],
      ['job.cancelled', job.id],
    ],
  );
  const { data: events } = await client.jobs.listJobEvents(job.id, { after: 0, limit: 9 });
  assert.deepEqual(
    messages.map(({ data }) => data.event),
    events,
  );
  const states = (await deliveriesOf(webhook)).map(({ state, status, attempts }) => [
    state,
    status,
    attempts,
  ]);
  assert.deepEqual(states, Array(2).fill(['succeeded', 204, 1]));
});

test('a stored event is delivered once; an event that was not stored is not delivered', async () => {
  const webhook = await register();
  const options = { idempotencyKey: 'k', bodyHash: 'a' };
  await Promise.all(Array.from({ length: 4 }, () => client.jobs.createJob(smallJob(), options)));
  await client.jobs.createJob(smallJob(), { dryRun: true });
  assert.equal((await deliveriesOf(webhook)).length, 1);
});

test('webhooks receive no events of other tenants, nor events that they did not select', async () => {
  await register(['job.failed']);
  await client.jobs.createJob(smallJob(), {});
  await service.forTenant('theirs').jobs.createJob(smallJob(), {});
  await send();
  assert.equal(receiver.received.length, 0);
});

test('a failed delivery is tried again under the same id, and not earlier than it should', async () => {
  const webhook = await register();
  receiver.answers.push(500);
  await client.jobs.createJob(smallJob(), {});
  await send();
  await send();
  assert.equal(receiver.received.length, 1, 'the pause is kept');
  const [pending] = await deliveriesOf(webhook);
  assert.deepEqual([pending?.state, pending?.status, pending?.error], ['pending', 500, 'answered 500']);
  assert.ok(Date.parse(pending?.next_attempt_at ?? '') > Date.now());
  await makeDue(strata, 'webhook_delivery');
  await send();
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  assert.deepEqual(ids, [pending?.id, pending?.id]);
  const [done] = await deliveriesOf(webhook);
  assert.deepEqual([done?.state, done?.attempts, done?.error], ['succeeded', 2, null]);
});

test('a delivery is given up after its last attempt, or at once by 410, and can be asked for again', async () => {
  const webhook = await register();
  await client.jobs.createJob(smallJob(), {});
  receiver.answers.push(503);
  await send({ retryPauseMs: () => null });
  const [given] = await deliveriesOf(webhook);
  assert.deepEqual([given?.state, given?.next_attempt_at], ['failed', null]);
  receiver.answers.push(410);
  await client.webhooks.redeliverWebhook(given?.id ?? '');
  await send();
  assert.equal((await deliveriesOf(webhook))[0]?.state, 'failed');
  await client.webhooks.redeliverWebhook(given?.id ?? '');
  await send();
  assert.deepEqual(
    (await deliveriesOf(webhook)).map(({ state, attempts }) => [state, attempts]),
    [['succeeded', 1]],
  );
});

test('a delivery whose secret cannot be decrypted says so, waits for its turn like any other, and is given up', async () => {
  const webhook = await register();
  await client.jobs.createJob(smallJob(), {});
  const openBox = async () => secretBox(randomBytes(32));
  await send({ openBox });
  const [waiting] = await deliveriesOf(webhook);
  assert.deepEqual([waiting?.state, waiting?.attempts, waiting?.status], ['pending', 1, null]);
  assert.match(waiting?.error ?? '', /STRATA_SECRET_KEY/);
  assert.ok(Date.parse(waiting?.next_attempt_at ?? '') > Date.now());
  await makeDue(strata, 'webhook_delivery');
  await send({ openBox, retryPauseMs: () => null });
  assert.equal((await deliveriesOf(webhook))[0]?.state, 'failed');
  assert.equal(receiver.received.length, 0);
});

test('a receiver that asks for a longer pause gets it, up to a day; a shorter one changes nothing', async () => {
  const webhook = await register();
  const pauses = [
    ['7200', 7_200],
    ['1', 3_600],
    ['999999999', 86_400],
    [new Date(Date.now() + 10_800_000).toUTCString(), 10_800],
    ['soon', 3_600],
  ] as const;
  for (const [header, seconds] of pauses) {
    receiver.answers.push((response) => response.writeHead(429, { 'retry-after': header }).end());
    await client.webhooks.testWebhook(webhook.id);
    await send();
    const { rows } = await strata.sql.query(
      `SELECT extract(epoch FROM due_at - now())::float8 AS pause FROM webhook_delivery ORDER BY id DESC LIMIT 1`,
    );
    // The tolerance covers the statements between, and the date's whole seconds.
    assert.ok(Math.abs(rows[0].pause - seconds) < 30, `${header}: ${rows[0].pause}`);
    await strata.sql.query('DELETE FROM webhook_delivery');
  }
});

test('an answer of 200 counts, also with a long or slow body', async () => {
  const webhook = await register();
  receiver.answers.push((response) => response.writeHead(200).write('x'));
  receiver.answers.push((response) => response.writeHead(200).end('x'.repeat(1_000_000)));
  for (let index = 0; index < 2; index++) await client.webhooks.testWebhook(webhook.id);
  await send();
  assert.deepEqual(
    (await deliveriesOf(webhook)).map(({ state, status, attempts }) => [state, status, attempts]),
    Array(2).fill(['succeeded', 200, 1]),
  );
});

test('a delivery ends after any error, and its message reveals nothing internal', async () => {
  const webhook = await register();
  await client.webhooks.testWebhook(webhook.id);
  const openBox = () => Promise.reject(new Error('/home/secret.key does not hold 64 hex digits'));
  await send({ openBox });
  const [waiting] = await deliveriesOf(webhook);
  assert.deepEqual(
    [waiting?.state, waiting?.attempts, waiting?.error],
    ['pending', 1, 'could not be sent: the service made an error'],
  );
  await makeDue(strata, 'webhook_delivery');
  await send({ openBox, retryPauseMs: () => null });
  assert.equal((await deliveriesOf(webhook))[0]?.state, 'failed');
});

test('a delivery asked for anew is not ended by an attempt that was under way before', async () => {
  const webhook = await register();
  await client.webhooks.testWebhook(webhook.id);
  const [first] = await deliveriesOf(webhook);
  receiver.answers.push(500);
  let asked = false;
  await send({
    openBox: async () => {
      if (!asked) await client.webhooks.redeliverWebhook(first?.id ?? '');
      asked = true;
      return lazySecretBox({ home: strata.servers.home })();
    },
  });
  const [again] = await deliveriesOf(webhook);
  assert.deepEqual([again?.state, again?.attempts], ['succeeded', 1]);
  assert.equal(receiver.received.length, 2);
});

test('redirects are not followed', async () => {
  const webhook = await register();
  const elsewhere = await Receiver.start();
  receiver.answers.push(elsewhere.url);
  await client.jobs.createJob(smallJob(), {});
  await send();
  assert.equal(elsewhere.received.length, 0);
  assert.equal((await deliveriesOf(webhook))[0]?.error, 'answered 302');
  await elsewhere.stop();
});

test('a delivery whose sender dies is due again, and the dead one changes nothing any more', async () => {
  const webhook = await register();
  await client.jobs.createJob(smallJob(), {});
  // The sender is overtaken while its request is on the way.
  const overtaken = send({
    openBox: async () => {
      await strata.sql.query(
        `UPDATE webhook_delivery SET attempt = attempt + 1, attempts = attempts + 1, lease_until = now() + interval '30 s' WHERE state = 'pending'`,
      );
      return lazySecretBox({ home: strata.servers.home })();
    },
  });
  await overtaken;
  const [delivery] = await deliveriesOf(webhook);
  assert.deepEqual([delivery?.state, delivery?.attempts], ['pending', 2]);
  await makeDue(strata, 'webhook_delivery');
  await send();
  assert.equal((await deliveriesOf(webhook))[0]?.state, 'succeeded');
});

test('a test message is sent; private URLs and one webhook too many are refused', async () => {
  const webhook = await register(['job.failed']);
  await client.webhooks.testWebhook(webhook.id);
  await send();
  assert.match(receiver.received[0]?.body ?? '', /"type":"webhook.test"/);
  const refused = [
    'http://example.com/',
    'https://10.0.0.1/',
    'https://[::1]/',
    'https://u:p@example.com/',
    'x',
    'ftp://a',
  ];
  for (const url of refused) {
    await assert.rejects(client.webhooks.createWebhook({ url, events: ['job.failed'] }), (error: unknown) => {
      const { code, errors } = error as { code: string; errors: { pointer: string }[] };
      assert.deepEqual([code, errors[0]?.pointer], ['forbidden_target', '/url'], url);
      return true;
    });
  }
  for (let count = 1; count < 20; count++) await register();
  await assert.rejects(register(), { code: 'limit_reached' });
});

test('the signing secret is shown once, and unreadable in the database', async () => {
  const webhook = await register();
  const { secret: _, ...shown } = webhook;
  assert.deepEqual(await client.webhooks.getWebhook(webhook.id), shown);
  const { rows } = await strata.sql.query<{ secret: string }>('SELECT secret FROM webhook');
  assert.match(rows[0]?.secret ?? '', /^v1\./);
  const raw = Buffer.from(webhook.secret.slice('whsec_'.length), 'base64');
  assert.ok(!Buffer.from(rows[0]?.secret.slice(3) ?? '', 'base64').includes(raw));
});
