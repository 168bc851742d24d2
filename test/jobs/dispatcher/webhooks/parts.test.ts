import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { WEBHOOK_EVENTS } from '../../../../src/contract/webhooks.js';
import { retryPauseMs } from '../../../../src/jobs/dispatcher/deliveries/retry.js';
import { isPublicAddress } from '../../../../src/jobs/outgoing/address.js';
import { secretBox, UnopenableSecretError } from '../../../../src/jobs/outgoing/secret-box.js';
import { loadSecretKey } from '../../../../src/jobs/outgoing/secret-key.js';
import { sendRequest } from '../../../../src/jobs/outgoing/send.js';
import { checkTarget, type Purpose } from '../../../../src/jobs/outgoing/target.js';
import { temporaryFolder } from '../../../provision/temporary.js';
import { Receiver } from './receiver.js';

const PRIVATE = [
  ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '100.64.0.1', '169.254.169.254', '172.16.0.1'],
  ...[
    '172.31.255.255',
    '192.168.1.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
  ],
  ...[
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    'fe80::1',
    'fc00::1',
  ],
  ...[
    'fd12:3456::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2001::1',
    'localhost',
    '',
    '127.1',
    '0x7f.0.0.1',
  ],
];
const PUBLIC = [
  '8.8.8.8',
  '1.1.1.1',
  '172.32.0.1',
  '172.15.255.255',
  '100.128.0.1',
  '2606:4700::1111',
  '2a00:1450::1',
];

test('an address is recognized as public or private', () => {
  for (const address of PRIVATE) assert.equal(isPublicAddress(address), false, address);
  for (const address of PUBLIC) assert.equal(isPublicAddress(address), true, address);
});

const REQUEST = { method: 'GET', headers: {}, timeoutMs: 5_000, maxBytes: 10 } as const;
const NOBODY = { allowedHosts: [] };

test('no request goes to a private address, given as a number, in another notation or as a name', async (t) => {
  const receiver = await Receiver.start();
  t.after(() => receiver.stop());
  const { port } = new URL(receiver.url);
  // The URL parser writes 2130706433, 0x7f.1 and 127.1 as 127.0.0.1.
  const hosts = ['127.0.0.1', '2130706433', '0x7f.1', '127.1', '[::ffff:127.0.0.1]', '[::1]', 'localhost'];
  for (const host of hosts) {
    await assert.rejects(
      sendRequest(`https://${host}:${port}/`, REQUEST, NOBODY),
      /on the public internet/,
      host,
    );
  }
  await assert.rejects(sendRequest(receiver.url, REQUEST, NOBODY), /must begin with https/);
  await assert.rejects(
    sendRequest(receiver.url, REQUEST, { allowedHosts: ['localhost'] }),
    /must begin with https/,
  );
  assert.equal(receiver.received.length, 0);
  const allowed = await sendRequest(`http://localhost:${port}/`, REQUEST, { allowedHosts: ['localhost'] });
  assert.equal(allowed.status, 204);
});

test('a name of our own network and one that does not exist are refused by the same words', async () => {
  const refusal = async (host: string) => {
    const sent = sendRequest(`https://${host}/`, REQUEST, NOBODY).then(
      () => 'it was sent',
      ({ message }: Error) => message,
    );
    return (await sent).replaceAll(host, 'HOST');
  };
  assert.equal(
    await refusal('localhost'),
    'points to HOST, a name that leads to no host on the public internet',
  );
  assert.equal(await refusal('nobody.invalid'), await refusal('localhost'));
});

test('an allowed host is allowed for its port and its purpose', () => {
  const allows = (entry: string, url: string, purpose?: Purpose) => {
    const policy = { allowedHosts: [entry], ...(purpose && { purpose }) };
    try {
      return Boolean(checkTarget(url, policy));
    } catch {
      return false;
    }
  };
  const url = 'http://10.0.0.7:5000/';
  assert.ok(allows('10.0.0.7', url));
  assert.ok(allows('10.0.0.7:5000', url));
  assert.ok(allows('tracker=10.0.0.7:5000', url, 'tracker'));
  assert.ok(allows('tracker=10.0.0.7', url, 'tracker'));
  assert.ok(allows('[::1]:80', 'http://[::1]/') && allows('::1', 'http://[::1]:9/'));
  assert.ok(allows('10.0.0.7:443', 'https://10.0.0.7/'));
  for (const entry of ['10.0.0.7:5001', '10.0.0.7:50', 'webhook=10.0.0.7:5000', '10.0.0.70'])
    assert.ok(!allows(entry, url, 'tracker'), entry);
  assert.ok(!allows('tracker=10.0.0.7:5000', url), 'a use that is not known');
});

test('a request is limited in time and bytes', async (t) => {
  const server = createServer((request, response) => {
    if (request.url === '/long') response.end('x'.repeat(11));
    else if (request.url === '/slow') response.write('x');
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const policy = { allowedHosts: ['127.0.0.1'] };
  await assert.rejects(sendRequest(`${url}/long`, REQUEST, policy), /more than 10 bytes/);
  await assert.rejects(sendRequest(`${url}/slow`, { ...REQUEST, timeoutMs: 100 }, policy), /within 0.1 s/);
  await assert.rejects(
    sendRequest('http://127.0.0.1:1/', REQUEST, policy),
    /could not be reached.*ECONNREFUSED/,
  );
});

test('a sealed secret opens with its key, in its row, and nowhere else', () => {
  const key = randomBytes(32);
  const sealed = secretBox(key).seal('whsec_x', 'webhook_1');
  assert.equal(secretBox(key).open(sealed, 'webhook_1'), 'whsec_x');
  assert.notEqual(secretBox(key).seal('whsec_x', 'webhook_1'), sealed, 'each seal is another');
  assert.throws(() => secretBox(key).open(sealed, 'webhook_2'), UnopenableSecretError);
  assert.throws(() => secretBox(randomBytes(32)).open(sealed, 'webhook_1'));
  const bytes = Buffer.from(sealed.slice(3), 'base64');
  bytes[bytes.length - 1]! ^= 1;
  assert.throws(() => secretBox(key).open(`v1.${bytes.toString('base64')}`, 'webhook_1'));
});

test('the key is made once by any number of processes, readable by this user alone', async (t) => {
  const home = await temporaryFolder(t);
  const keys = await Promise.all(Array.from({ length: 5 }, () => loadSecretKey({ home })));
  assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1);
  const path = join(home, 'secret.key');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal(keys[0]?.toString('hex'), (await readFile(path, 'utf8')).trim());
  const given = 'ab'.repeat(32);
  assert.equal((await loadSecretKey({ home, secretKey: given })).toString('hex'), given);
  await writeFile(path, 'short');
  await assert.rejects(loadSecretKey({ home }), /does not contain 64 hex digits/);
});

test('ten attempts follow with growing pauses and random jitter', () => {
  const min = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((attempts) => retryPauseMs(attempts, () => 0) ?? 0);
  assert.deepEqual(
    min,
    [...min].sort((a, b) => a - b),
  );
  assert.deepEqual([min[0], retryPauseMs(1, () => 0.5)], [2500, 5000]);
  assert.equal(
    retryPauseMs(10, () => 0),
    null,
  );
});

test('the events of webhooks are those of the contract', async () => {
  const contract = parse(
    await readFile(new URL('../../../../openapi/openapi.yaml', import.meta.url), 'utf8'),
  );
  assert.deepEqual(contract.components.schemas.WebhookEvent.enum, WEBHOOK_EVENTS);
});
