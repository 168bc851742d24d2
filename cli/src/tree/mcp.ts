import type { Command } from 'commander';
import { run } from '../run.js';

export function addMcp(program: Command, version: string): void {
  program
    .command('mcp')
    .description('serve the Model Context Protocol on stdin and stdout, for agents')
    .option('--allow-writes', 'offer tools that change something, too')
    .action(({ allowWrites = false }: { readonly allowWrites?: boolean }, command: Command) =>
      run(command, async (context) =>
        (await import('../commands/mcp.js')).mcp(context, { allowWrites, version }),
      ),
    );
}
