import { createHash } from 'node:crypto';
import type { Json } from './json.js';
import { BODY, CONFIRM, type Tool } from './tools.js';

export interface Server {
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly fetch: typeof fetch;
}

/** The answer of a tool, as the protocol has it. */
export interface ToolAnswer {
  readonly content: readonly { readonly type: 'text'; readonly text: string }[];
  readonly isError: boolean;
}

/** Longer answers are cut: they would fill the memory of whoever asked. */
const MAX_LENGTH = 100_000;

const answerOf = (text: string, isError = false): ToolAnswer => ({
  content: [
    {
      type: 'text',
      text: text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}\n… cut; ask for less` : text,
    },
  ],
  isError,
});

/** Makes the request of a tool. A tool that writes says first what it would do, until the call has its confirmation. */
export async function callTool(server: Server, tool: Tool, given: Json): Promise<ToolAnswer> {
  const { [CONFIRM]: confirm, ...input } = given;
  if (tool.annotations.readOnlyHint) return send(server, tool, input);
  const expected = confirmationOf(tool, input);
  if (confirm === expected) return send(server, tool, input);
  const cost = tool.request.isCosted ? await send(server, tool, input, { dry_run: 'true' }) : null;
  if (cost?.isError) return cost;
  const what = `Nothing has happened yet. This call would: ${tool.annotations.title}.`;
  const checked = cost
    ? `The server has checked it. What it would create, with its cost:\n${textOf(cost)}\n`
    : '';
  const how = `To do it, ask the user, and repeat the call with the same arguments and "${CONFIRM}": "${expected}".`;
  return answerOf(`${what}\n${checked}${how}`);
}

const textOf = ({ content }: ToolAnswer): string => content.map(({ text }) => text).join('');

/** Depends on the arguments: a confirmation of one request confirms no other. */
function confirmationOf({ name }: Tool, input: Json): string {
  const hash = createHash('sha256').update(JSON.stringify([name, sorted(input)]));
  return hash.digest('hex').slice(0, 16);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, one]) => [key, sorted(one)]));
}

async function send(
  { url, apiKey, fetch }: Server,
  { request, name }: Tool,
  input: Json,
  query: Readonly<Record<string, string>> = {},
): Promise<ToolAnswer> {
  const missing = request.pathNames.filter((one) => input[one] === undefined);
  if (missing.length > 0) return answerOf(`The argument ${missing.join(', ')} is missing.`, true);
  const path = request.pathNames.reduce(
    (filled, one) => filled.replace(`{${one}}`, encodeURIComponent(String(input[one]))),
    request.path,
  );
  const target = new URL(`${url}${path}`);
  for (const one of request.queryNames) {
    const value = input[one];
    for (const each of Array.isArray(value) ? value : [value])
      if (each !== undefined && each !== null) target.searchParams.append(one, String(each));
  }
  for (const [one, value] of Object.entries(query)) target.searchParams.set(one, value);
  const body = request.hasBody ? JSON.stringify(input[BODY] ?? {}) : undefined;
  const isDry = query.dry_run !== undefined;
  const headers = {
    accept: 'application/json',
    ...(apiKey && { authorization: `Bearer ${apiKey}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    // A call that is repeated creates one job.
    ...(name === 'createJob' && !isDry && { 'idempotency-key': `mcp-${crypto.randomUUID()}` }),
  };
  const response = await fetch(target, {
    method: request.method,
    headers,
    ...(body !== undefined && { body }),
  });
  return answerOf(await response.text(), !response.ok);
}
