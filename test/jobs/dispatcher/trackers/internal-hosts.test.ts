import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ask } from '../../../../src/jobs/dispatcher/deliveries/ask.js';
import { exportToMlflow } from '../../../../src/jobs/dispatcher/deliveries/mlflow.js';
import type { Subject } from '../../../../src/jobs/dispatcher/deliveries/subject.js';

/** The message that the tenant reads when every request is answered like this. */
async function told(status: number, body: string): Promise<string> {
  const ask: Ask = async () => ({ status, headers: {}, body: Buffer.from(body) });
  const target = { trackingUri: 'http://internal:80', experiment: 'e' };
  return exportToMlflow(target, {} as Subject, ask).then(
    ({ runUrl }) => `arrived: ${runUrl}`,
    ({ message }: Error) => message,
  );
}

const SECRET = 'password=hunter2';

test('a tenant reads nothing of what a host answered, but a code that MLflow has', async () => {
  const answers = [
    [500, SECRET],
    [403, JSON.stringify({ error_code: SECRET, message: SECRET })],
    [400, JSON.stringify({ error_code: 'PERMISSION_DENIED', message: SECRET })],
    [200, SECRET],
    [200, JSON.stringify({ experiment: { experiment_id: SECRET } })],
    [404, SECRET],
  ] as const;
  const messages = await Promise.all(answers.map(([status, body]) => told(status, body)));
  for (const message of messages) assert.ok(!message.includes('hunter2'), message);
  assert.match(messages[0] ?? '', /^answered 500 to \/experiments\/get-by-name/);
  assert.match(messages[2] ?? '', /: PERMISSION_DENIED$/);
  assert.match(messages[4] ?? '', /MLflow does not give/);
});
