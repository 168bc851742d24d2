// Run as a child process: builds the entry `shared` of the cache named by its argument, slowly enough to overlap with
// another child, and prints whether it reused it. With a second argument it is killed half-way.
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheEntry } from '../../src/provision/cache.js';

const [root = '', dieHalfWay] = process.argv.slice(2);

const entry = await cacheEntry(root, 'shared', async (staging) => {
  await appendFile(join(root, 'builds'), 'x');
  await writeFile(join(staging, 'first'), '1');
  if (dieHalfWay) process.kill(process.pid, 'SIGKILL');
  await delay(300);
  await writeFile(join(staging, 'second'), '22');
});
console.log(JSON.stringify(entry));
