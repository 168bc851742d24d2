// npm run test:contract [-- examples]: the fuzzing of fuzz.test.ts at length, from three seeds.

import { streamProgress } from '../../src/provision/progress.js';
import { runCommand } from '../../src/service/command.js';
import { setUp } from '../../src/service/setup.js';
import { startLiveApi } from '../support/live-api.js';
import { fuzz } from './schemathesis.js';

const SEEDS = [1, 2, 3];
const EXAMPLES = 100;

await runCommand(async () => {
  await setUp(streamProgress());
  const examples = Number(process.argv[2] ?? EXAMPLES);
  let total = 0;
  for (const seed of SEEDS) {
    const api = await startLiveApi();
    try {
      const { cases, operations, findings } = await fuzz(api.url, { seed, examples, apiKey: api.apiKey });
      total += cases;
      console.log(`seed ${seed}: ${cases} cases over ${operations} operations\n${findings || 'no finding'}`);
      if (findings !== '') process.exitCode = 1;
    } finally {
      await api.stop();
    }
  }
  console.log(`${total} cases`);
});
