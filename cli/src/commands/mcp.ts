import { answered } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { fetchOverHttp } from '../http-fetch.js';
import { callTool } from '../mcp/call.js';
import { isObject } from '../mcp/json.js';
import { WRITES } from '../mcp/operations.js';
import { serve } from '../mcp/serve.js';
import { toolsOf } from '../mcp/tools.js';

const INSTRUCTIONS =
  'Strata trains layer-parallel residual networks. The tools are operations of its API. A tool that changes something first answers with what it would do; show that to the user before you confirm it.';

export interface McpOptions {
  readonly allowWrites: boolean;
  readonly version: string;
}

/** Serves the Model Context Protocol on stdin and stdout: nothing else may be printed there. */
export async function mcp(context: Context, { allowWrites, version }: McpOptions): Promise<void> {
  const { strata, target } = context;
  const { scopes } = await answered(strata.http.GET('/session'));
  const response = await fetchOverHttp(`${target.url}/openapi.json`);
  const contract: unknown = await response.json();
  if (!response.ok || !isObject(contract))
    throw new CliError(EXIT.failed, `${target.url} does not say what it can do.`);
  const tools = toolsOf(contract, { allowsWrites: allowWrites, scopes });
  if (allowWrites && !tools.some(({ name }) => WRITES.includes(name)))
    throw new CliError(
      EXIT.key,
      'The key may not write.',
      'Leave --allow-writes out, or use a key with jobs:write.',
    );
  const server = { url: target.url, apiKey: target.apiKey, fetch: fetchOverHttp };
  await serve(
    {
      ...{ name: 'strata', version, instructions: INSTRUCTIONS, tools },
      call: (tool, input) => callTool(server, tool, input),
    },
    process.stdin,
    process.stdout,
  );
}
