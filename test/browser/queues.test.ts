import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SCOPES } from '../../src/contract/access.js';
import { openTaskQueue } from '../../src/jobs/queue/queue.js';
import { useLiveApi } from '../api/security/live-api.js';
import { findChromium, withBrowser } from './chromium.js';

const executable = findChromium();
const skip = executable ? false : 'no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`';

describe('/queues', () => {
  const { live, call, keyWith } = useLiveApi();
  const waiting = async (key: string) =>
    (await call('GET', '/queues/api/queues', key)).json().queues[0].counts.waiting;

  test('is for admins, whose key is a bearer token or the password that a browser asks for', async () => {
    const admin = await keyWith(['admin']);
    const anonymous = await call('GET', '/queues');
    assert.deepEqual([anonymous.statusCode, anonymous.json().code], [401, 'unauthenticated']);
    assert.match(String(anonymous.headers['www-authenticate']), /^Basic realm=/);
    const others = await keyWith(SCOPES.filter((scope) => scope !== 'admin'));
    assert.equal((await call('GET', '/queues', others)).json().code, 'scope_missing');
    assert.equal((await call('GET', '/queues/static/favicon-32x32.png')).statusCode, 401);
    assert.equal((await call('GET', '/queues', admin)).statusCode, 200);
    const basic = (password: string) => {
      const authorization = `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;
      return call('GET', '/queues/api/queues', undefined, { headers: { authorization } });
    };
    assert.equal((await basic(admin)).statusCode, 200);
    assert.equal((await basic('wrong')).statusCode, 401);
  });

  test('changes nothing: every write is refused, and the hints stay', async () => {
    const admin = await keyWith(['admin']);
    const queue = openTaskQueue(live.strata.servers.redisUrl, () => undefined);
    await queue.offer(['a', 'b', 'c'].map((id) => ({ id, attempt: 0 })));
    assert.equal(await waiting(admin), 3);
    for (const [method, path] of [
      ['PUT', '/queues/api/queues/strata-tasks/pause'],
      ['PUT', '/queues/api/queues/strata-tasks/empty'],
      ['PUT', '/queues/api/queues/strata-tasks/obliterate'],
      ['PUT', '/queues/api/queues/strata-tasks/clean/wait'],
      ['POST', '/queues/api/queues/strata-tasks/add'],
      ['DELETE', '/queues'],
    ] as const) {
      const response = await call(method, path, admin, { payload: {} });
      assert.ok([404, 405].includes(response.statusCode), `${method} ${path}: ${response.body}`);
    }
    const { readOnlyMode, isPaused } = (await call('GET', '/queues/api/queues', admin)).json().queues[0];
    assert.deepEqual([readOnlyMode, isPaused, await waiting(admin)], [true, false, 3]);
    await queue.close();
  });

  test('shows the queue in a browser, under a policy that loads nothing from other hosts', {
    skip,
  }, async () => {
    const admin = await keyWith(['admin']);
    const url = await live.app.listen({ host: '127.0.0.1', port: 0 });
    await withBrowser(executable as string, async (browser) => {
      await browser.setHTTPCredentials({ username: 'operator', password: admin });
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(`${url}/queues`);
      await page.getByText('strata-tasks').first().waitFor();
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
      assert.equal(await page.title(), 'Strata queue');
      // Its page names fonts of another site, which the policy keeps out.
      const others = complaints.filter((text) => !text.includes('fonts.googleapis.com'));
      assert.deepEqual(others, []);
    });
  });
});
