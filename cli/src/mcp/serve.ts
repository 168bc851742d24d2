import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { ToolAnswer } from './call.js';
import { isObject, type Json, objectAt, textAt } from './json.js';
import type { Tool } from './tools.js';

/** Versions of the Model Context Protocol that this server speaks, the newest first. They differ in nothing that it uses. */
const VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'];

/** Codes of JSON-RPC 2.0. */
const CODES = { parse: -32700, invalid: -32600, method: -32601, params: -32602, internal: -32603 } as const;

export interface Served {
  readonly name: string;
  readonly version: string;
  readonly instructions: string;
  readonly tools: readonly Tool[];
  call(tool: Tool, input: Json): Promise<ToolAnswer>;
}

class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Answers the messages of a client, a line each (JSON-RPC over stdio), until it closes its side. */
export async function serve(served: Served, input: Readable, output: Writable): Promise<void> {
  const reply = (message: object) => output.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const calls = new Set<Promise<void>>();
  for await (const line of createInterface({ input })) {
    if (line.trim() === '') continue;
    const call = answer(served, line).then((message) => {
      if (message) reply(message);
    });
    calls.add(call);
    void call.finally(() => calls.delete(call));
  }
  await Promise.all(calls);
}

/** Null for a notification, which has no answer. */
async function answer(served: Served, line: string): Promise<object | null> {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return { id: null, error: { code: CODES.parse, message: 'The line is not JSON.' } };
  }
  if (!isObject(message) || typeof message.method !== 'string')
    return { id: null, error: { code: CODES.invalid, message: 'The message is no request.' } };
  const { id, method } = message;
  if (id === undefined) return null;
  try {
    return { id, result: await resultOf(served, method, objectAt(message, 'params')) };
  } catch (error) {
    const code = error instanceof RpcError ? error.code : CODES.internal;
    return { id, error: { code, message: error instanceof Error ? error.message : String(error) } };
  }
}

async function resultOf(served: Served, method: string, params: Json): Promise<object> {
  switch (method) {
    case 'initialize':
      return beginning(served, textAt(params, 'protocolVersion'));
    case 'ping':
      return {};
    case 'tools/list':
      return { tools: served.tools.map(({ request: _, ...shown }) => shown) };
    case 'tools/call': {
      const name = textAt(params, 'name');
      const tool = served.tools.find((one) => one.name === name);
      if (!tool) throw new RpcError(CODES.params, `There is no tool ${name}.`);
      return served.call(tool, objectAt(params, 'arguments'));
    }
    default:
      throw new RpcError(CODES.method, `There is no method ${method}.`);
  }
}

function beginning({ name, version, instructions }: Served, asked: string): object {
  return {
    protocolVersion: VERSIONS.includes(asked) ? asked : VERSIONS[0],
    capabilities: { tools: {} },
    serverInfo: { name, version },
    instructions,
  };
}
