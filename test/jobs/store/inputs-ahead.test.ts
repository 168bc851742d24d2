import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TaskSuccess } from '../../../src/contract/trainer-protocol.js';
import { recordSuccess } from '../../../src/jobs/lifecycle/succeed.js';
import type { Database } from '../../../src/jobs/store/connection/database.js';
import { findInputsAhead } from '../../../src/jobs/store/inputs-ahead.js';
import type { Strata } from '../../support/strata.js';
import { ByHand, SUCCESS } from '../support/by-hand.js';
import { useStore } from '../support/store.js';

let strata: Strata;
let db: Database;
useStore((store) => ({ strata, db } = store));

/** Outputs whose addresses name their task. */
function successOf(key: string): TaskSuccess {
  const outputs = Object.entries(SUCCESS.outputs).map(([name]) => [
    name,
    { uri: `spool:job/${key}-a1/${name}`, size_bytes: 7 },
  ]);
  return { ...SUCCESS, outputs: Object.fromEntries(outputs) };
}

test('inputs of the next round of a stage are known while it trains: the output of the other stage, once that is done', async () => {
  const job = await ByHand.start(
    { strata, db },
    { epochs: 4, method: { type: 'augmented-lagrangian', stages: 2, round_steps: 4 } },
  );
  await job.run('prepare', 'stage-1-0');
  const [lower, upper] = [await job.claim('stage-0-0'), await job.claim('stage-1-1')];
  const before = await findInputsAhead(db, lower);
  assert.ok(
    before.some(({ uri }) => uri === null),
    'the other stage still trains',
  );
  assert.ok(!before.some(({ uri }) => uri?.includes('stage-1-1')));
  assert.notEqual(await recordSuccess(db, upper, successOf(upper.key), []), null);
  const after = await findInputsAhead(db, lower);
  assert.ok(
    after.some(({ uri, bytes }) => uri === 'spool:job/stage-1-1-a1/auxiliary' && bytes === 7),
    JSON.stringify(after),
  );
  // Its own outputs are on its host.
  assert.ok(!after.some(({ uri }) => uri?.includes('stage-0-0')));
  assert.ok(after.every(({ uri }) => uri !== null));
});
