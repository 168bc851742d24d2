// npm run generate: writes every file that another one decides.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { streamProgress } from '../src/provision/progress.js';
import { runCommand } from '../src/service/commands/command.js';
import { generatePrismaClient } from '../src/service/prisma-client.js';
import { ROOT } from '../src/service/root.js';
import { GENERATED_FILES } from './generated-files.js';

await runCommand(async () => {
  for (const { path, source, render } of GENERATED_FILES) {
    const wanted = await render();
    const file = join(ROOT, path);
    const present = await readFile(file, 'utf8').catch(() => null);
    if (present !== wanted) await writeFile(file, wanted);
    console.log(`${present === wanted ? '✓ fresh  ' : '✓ written'} ${path}, from ${source}`);
  }
  const parts = await generatePrismaClient(streamProgress());
  console.log(
    `${parts.length === 0 ? '✓ fresh  ' : '✓ written'} the database client, from prisma/schema.prisma`,
  );
});
