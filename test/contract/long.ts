// npm run test:contract [-- examples]: the fuzzing of fuzz.test.ts at length, from three seeds.

import { streamProgress } from '../../src/provision/progress.js';
import { runCommand } from '../../src/service/commands/command.js';
import { setUp } from '../../src/service/setup.js';

const SEEDS = [1, 2, 3];
const EXAMPLES = 100;
/** Without a key nearly everything is refused before it is looked at. */
const ANONYMOUS_EXAMPLES = 10;

await runCommand(async () => {
  await setUp(streamProgress());
  // Only now: set-up may have made the database client anew.
  const { startLiveApi } = await import('../support/live-api.js');
  const { fuzz } = await import('./schemathesis.js');
  const examples = Number(process.argv[2] ?? EXAMPLES);
  let total = 0;
  for (const seed of SEEDS) {
    const api = await startLiveApi();
    try {
      for (const options of [{ examples, apiKey: api.apiKey }, { examples: ANONYMOUS_EXAMPLES }]) {
        const { cases, operations, findings } = await fuzz(api.url, { seed, ...options });
        total += cases;
        const who = 'apiKey' in options ? 'with a key' : 'anonymous';
        console.log(`seed ${seed}, ${who}: ${cases} cases over ${operations} operations`);
        console.log(findings || 'no finding');
        if (findings !== '') process.exitCode = 1;
      }
    } finally {
      await api.stop();
    }
  }
  console.log(`${total} cases`);
});
