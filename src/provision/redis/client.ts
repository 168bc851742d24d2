import { Redis } from 'ioredis';

const RETRY_MS = 50;

/**
 * A connection to a server that is ready for commands. Retries until `timeoutMs`, or until success is impossible.
 */
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
      reject(new Error(`Redis does not respond: ${last.message}`));
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
