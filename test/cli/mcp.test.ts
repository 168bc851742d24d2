import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ROOT } from '../../src/service/root.js';
import { runStrata } from './command.js';
import { useLiveCommand } from './live.js';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

describe('strata mcp', () => {
  const live = useLiveCommand();

  /** Connects the SDK's own client, which checks every answer against the protocol's schema. */
  async function connected(...options: string[]) {
    const client = new Client({ name: 'test', version: '1' });
    const { PATH = '', HOME = '' } = process.env;
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args: [join(ROOT, 'cli/strata.cjs'), 'mcp', ...options],
        env: { PATH, HOME, ...live.environment },
      }),
    );
    const call = async (name: string, input: Record<string, unknown> = {}) => {
      const { content, isError } = await client.callTool({ name, arguments: input });
      const [first] = Array.isArray(content) ? content : [];
      const text: unknown = isRecord(first) ? first.text : undefined;
      return { text: typeof text === 'string' ? text : assert.fail('no text'), isError: isError === true };
    };
    return { client, call };
  }

  test('reads with the answers of the API, and offers no tool that writes', async () => {
    const { client, call } = await connected();
    const { tools } = await client.listTools();
    assert.ok(tools.length > 15 && tools.every(({ annotations }) => annotations?.readOnlyHint === true));
    assert.ok(!tools.some(({ name }) => name === 'createJob'));
    const { jobId } = live.api;
    const job = await call('getJob', { id: jobId });
    assert.deepEqual(JSON.parse(job.text), await live.asked(`/jobs/${jobId}`));
    const listed = await call('listJobs', { state: ['succeeded', 'failed'], limit: 1 });
    assert.deepEqual(JSON.parse(listed.text), await live.asked('/jobs?state=succeeded&state=failed&limit=1'));
    const missing = await call('getJob', { id: 'job_none' });
    assert.ok(missing.isError && /not_found/.test(missing.text), missing.text);
    await assert.rejects(call('createJob', { body: { dataset: 'mnist' } }), /no tool createJob/);
    await client.close();
  });

  test('a tool that writes says the cost first, and acts only on the confirmation of the same arguments', async () => {
    const { client, call } = await connected('--allow-writes');
    const count = async () => {
      const list = await live.asked('/jobs?limit=100');
      return isRecord(list) && Array.isArray(list.data) ? list.data.length : assert.fail('no list');
    };
    const before = await count();
    const body = { dataset: 'mnist', epochs: 1, max_train_samples: 256, seed: 1 };
    const asked = await call('createJob', { body });
    assert.match(asked.text, /Nothing has happened yet.*"prediction"/s);
    const [, confirm = ''] = /"confirm": "([0-9a-f]{16})"/.exec(asked.text) ?? [];
    const other = await call('createJob', { body: { ...body, epochs: 100 }, confirm });
    assert.match(other.text, /Nothing has happened yet/);
    assert.equal(await count(), before);
    const refused = await call('createJob', { body: { dataset: 'none' } });
    assert.ok(refused.isError && /invalid_spec/.test(refused.text), refused.text);
    const { seed, ...others } = body;
    const created = JSON.parse((await call('createJob', { body: { seed, ...others }, confirm })).text);
    assert.equal(await count(), before + 1);
    const asks = await call('cancelJob', { id: created.id });
    assert.match(asks.text, /would: Cancel a job/);
    await client.close();
  });

  test('a key that may not write gets no writing tools', async () => {
    const made = await live.strata('keys', 'create', 'reader', '--scopes', 'jobs:read', '--json');
    const key: unknown = JSON.parse(made.stdout);
    const secret = isRecord(key) && typeof key.key === 'string' ? key.key : assert.fail(made.stdout);
    const { code, stderr } = await runStrata(['mcp', '--allow-writes'], {
      ...live.environment,
      STRATA_API_KEY: secret,
    });
    assert.equal(code, 4);
    assert.match(stderr, /may not write.*jobs:write/s);
  });
});
