import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClient } from '../api/fake/fake-client.js';
import { buildTestApp } from '../api/harness.js';
import { findChromium, withBrowser } from './chromium.js';

const executable = findChromium();
const skip = executable ? false : 'no Chromium: set CHROMIUM_PATH or run `apt-get install -y chromium`';

test('Swagger UI posts its first example unchanged and shows the job', { skip }, async () => {
  const client = new FakeClient();
  const app = await buildTestApp(client);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    await withBrowser(executable as string, async (browser) => {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(`${url}/docs`);
      const operation = page.locator('#operations-jobs-createJob');
      await operation.locator('.opblock-summary-control').click();
      // No click on "Try it out": it is on from the start.
      await operation.getByRole('button', { name: 'Execute' }).click();
      const live = operation.locator('.live-responses-table .response').first();
      await live.waitFor();
      if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
      assert.match((await live.locator('.response-col_status').textContent()) ?? '', /^201/);
      assert.deepEqual(
        [...client.jobs.rows.values()].map(({ spec }) => [spec.dataset, spec.model.depth]),
        [['mnist', 8]],
      );
      assert.deepEqual(complaints, []);
    });
  } finally {
    await app.close();
  }
});
