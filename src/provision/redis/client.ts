import { Redis } from 'ioredis';
import { isSupported } from './binary.js';

const RETRY_MS = 50;

/** A connection to a server that is ready for commands, trying until `timeoutMs` or until it cannot succeed. */
export async function connectRedis(
  url: string,
  timeoutMs: number,
  worthTrying: () => Promise<boolean> = async () => true,
): Promise<Redis> {
  const deadline = performance.now() + timeoutMs;
  let last: Error = new Error('no answer');
  let given = false;
  const client = new Redis(url, {
    retryStrategy: () => (given ? null : RETRY_MS),
    maxRetriesPerRequest: null,
  });
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      given = true;
      client.disconnect();
      reject(new Error(`Redis does not answer: ${last.message}`));
    };
    client.on('error', (error: Error) => {
      last = error;
      if (/WRONGPASS|NOAUTH/.test(error.message)) giveUp();
    });
    client.on('close', async () => {
      if (!given && (performance.now() > deadline || !(await worthTrying()))) giveUp();
    });
    client.once('ready', () => resolve(client));
  });
}

export async function redisInfo(client: Redis): Promise<Record<string, string>> {
  const lines = (await client.info()).split('\r\n').filter((line) => line.includes(':'));
  return Object.fromEntries(lines.map((line) => [line.split(':', 1)[0], line.slice(line.indexOf(':') + 1)]));
}

/** Refuses a given server that would lose jobs. */
export async function checkGivenRedis(url: string): Promise<void> {
  const client = await connectRedis(url, 5000).catch((error: Error) => {
    throw new Error(`REDIS_URL: ${error.message}. Start that server, or unset REDIS_URL to use a local one.`);
  });
  const info = await redisInfo(client);
  client.disconnect();
  if (!isSupported(info.redis_version)) {
    throw new Error(
      `REDIS_URL: the server is version ${info.redis_version}; Redis >= 6.2 or Valkey is needed.`,
    );
  }
  if (info.maxmemory_policy !== 'noeviction') {
    throw new Error(
      `REDIS_URL: the server's maxmemory-policy is '${info.maxmemory_policy}', under which it may drop queued jobs. ` +
        'Set it right with:  redis-cli CONFIG SET maxmemory-policy noeviction',
    );
  }
}
