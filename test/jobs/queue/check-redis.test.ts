import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { checkRedis } from '../../../src/jobs/queue/check-redis.js';
import { checkPostgres } from '../../../src/jobs/store/connection/check-postgres.js';
import { type Servers, startServers } from '../../support/servers.js';

// In the words of Redis 7 and Valkey 9.
const PROTECTED =
  '-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.\r\n';
const FULL = '-ERR max number of clients reached\r\n';
const tlsFile = (name: string) => readFileSync(new URL(`./tls/${name}.pem`, import.meta.url));

async function listening(t: TestContext, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that says one thing and closes. */
function saying(words: string): Server {
  return createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.end(words);
  });
}

/** A server that answers each command with its INFO. */
function inMode(mode: string): Server {
  const info = `redis_version:7.2.0\r\nredis_mode:${mode}\r\nmaxmemory_policy:noeviction\r\n`;
  return createServer((socket: Socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (commands) => {
      const count = commands.toString('latin1').match(/^\*\d+\r$/gm)?.length ?? 0;
      socket.write(`$${info.length}\r\n${info}\r\n`.repeat(count));
    });
  });
}

let servers: Servers;
before(async () => {
  servers = await startServers();
});
after(() => servers.stop());

describe('REDIS_URL', () => {
  test('a wrong password, and none where one is needed', async () => {
    const url = new URL(servers.redisUrl);
    url.password = 'wrong';
    await assert.rejects(
      checkRedis(url.href),
      /^Error: REDIS_URL: .* refuses the password\. Write it as redis:/,
    );
    url.password = '';
    await assert.rejects(
      checkRedis(url.href),
      /^Error: REDIS_URL: .* asks for a password\. Write it as redis:/,
    );
    assert.match((await checkRedis(servers.redisUrl)).version, /^\d+\.\d+/);
  });

  test('protected mode and too many clients, which the server says before it closes', async (t) => {
    const denied = await listening(t, saying(PROTECTED));
    await assert.rejects(checkRedis(`redis://${denied}`), /REDIS_URL: .* protected mode.*requirepass/);
    const full = await listening(t, saying(FULL));
    await assert.rejects(
      checkRedis(`redis://${full}`),
      /REDIS_URL: .* no connection left\. Raise its maxclients/,
    );
  });

  test('an untrusted certificate, and TLS on one side only', async (t) => {
    const options = { key: tlsFile('key'), cert: tlsFile('certificate') };
    const server = createTlsServer(options).on('tlsClientError', () => undefined);
    const secure = await listening(t, server);
    await assert.rejects(
      checkRedis(`rediss://${secure}`),
      /REDIS_URL: the certificate of .* is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\).*NODE_EXTRA_CA_CERTS/,
    );
    await assert.rejects(checkRedis(`redis://${secure}`), /REDIS_URL: .* Write rediss:\/\//);
    const plain = await listening(t, saying('-ERR unknown command\r\n'));
    await assert.rejects(
      checkRedis(`rediss://${plain}`),
      /REDIS_URL: .* does not answer in TLS\. Write redis:/,
    );
  });

  test('a cluster and a Sentinel, on which tasks would wait for ever', async (t) => {
    const cluster = await listening(t, inMode('cluster'));
    await assert.rejects(
      checkRedis(`redis://${cluster}`),
      /^Error: REDIS_URL: .* Redis Cluster.*cluster_nodes=/,
    );
    const sentinel = await listening(t, inMode('sentinel'));
    await assert.rejects(
      checkRedis(`redis://${sentinel}`),
      /^Error: REDIS_URL: this is a Sentinel.* watches/,
    );
  });

  test('no server at the address, and no such host', async (t) => {
    const server = createServer();
    const gone = await listening(t, server);
    server.close();
    await once(server, 'close');
    await assert.rejects(
      checkRedis(`redis://${gone}`),
      /REDIS_URL: nothing listens at 127\.0\.0\.1:\d+\. Start/,
    );
    await assert.rejects(
      checkRedis('redis://nowhere.invalid'),
      /REDIS_URL: there is no host .*nowhere\.invalid/,
    );
  });
});

describe('DATABASE_URL', () => {
  const changed = (change: (url: URL) => void) => {
    const url = new URL(servers.databaseUrl);
    change(url);
    return url.href;
  };
  const cases: [what: string, change: (url: URL) => void, words: RegExp][] = [
    ['a wrong password', (url) => (url.password = 'wrong'), /refuses the user or the password/],
    ['no password', (url) => (url.password = ''), /refuses the user or the password/],
    [
      'an unknown database',
      (url) => (url.pathname = '/nothing'),
      /database "nothing" does not exist.*createdb/,
    ],
    [
      'TLS that it does not speak',
      (url) => (url.search = '?sslmode=require'),
      /speaks no TLS\. Remove sslmode/,
    ],
    [
      'a port without a server',
      (url) => (url.port = '1'),
      /nothing listens at 127\.0\.0\.1:1\. Start that server/,
    ],
    ['no such host', (url) => (url.hostname = 'nowhere.invalid'), /no host .*nowhere\.invalid/],
  ];
  for (const [what, change, words] of cases) {
    test(what, async () => {
      await assert.rejects(checkPostgres(changed(change)), (error: Error) => {
        assert.match(error.message, /^DATABASE_URL: /);
        assert.match(error.message, words);
        assert.doesNotMatch(error.message, new RegExp(new URL(servers.databaseUrl).password));
        return true;
      });
    });
  }
});
