// npm run check: everything that must hold of the tree but for its tests, two checks at a time.
import { streamProgress } from '../src/provision/progress.js';
import { runCommand } from '../src/service/commands/command.js';
import { generatePrismaClient } from '../src/service/prisma-client.js';
import { CHECKS } from './checks/checks.js';
import { runChecks } from './checks/runner.js';

const AT_A_TIME = 2;

await runCommand(async () => {
  const started = performance.now();
  // Types and imports lead through it.
  await generatePrismaClient(streamProgress());
  const results = await runChecks(CHECKS, AT_A_TIME, ({ name, problems, seconds }) => {
    console.log(
      `${problems.length === 0 ? '✓' : '✗'} ${name.padEnd(26)} ${seconds.toFixed(1).padStart(5)} s`,
    );
    for (const problem of problems) console.log(`    ${problem}`);
  });
  const failed = results.filter(({ problems }) => problems.length > 0).length;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${results.length - failed} of ${results.length} checks hold (${seconds} s)`);
  if (failed > 0) process.exitCode = 1;
});
