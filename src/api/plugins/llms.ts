import type { FastifyInstance } from 'fastify';
import { isObject } from '../../contract/is-object.js';
import { type Contract, operationsOf } from '../openapi.js';

/** Serves /llms.txt: what the API can do, in a page that a language model can read at once (llmstxt.org). */
export async function serveLlmsText(app: FastifyInstance, contract: Contract): Promise<void> {
  const page = llmsText(contract);
  app.get('/llms.txt', async (_, reply) => reply.type('text/plain; charset=utf-8').send(page));
}

const HEAD = `# Strata

> Training-as-a-service for residual networks that train in parallel over layers: a job comes in over HTTP, workers train it,
> and a model comes out that can be downloaded, asked and compared.

- Everything is JSON over HTTP. Send \`Authorization: Bearer <key>\`; each operation below names the scope that it needs.
- Errors are \`application/problem+json\` with a \`code\`; \`errors\` names each wrong field by a JSON pointer, and \`detail\` says what to do.
- \`POST /jobs?dry_run=true\` checks a job and stores nothing. \`POST /plans\` predicts its time and memory. Do both before you create a job.
- Only \`dataset\` is required in a job. Send an \`Idempotency-Key\`, so that a repeated request creates no second job.
- \`GET /jobs/{id}?wait=30\` waits for the end of a job. Lists have \`next\`; send it as \`after\`.

## Documents

- [Contract](/openapi.json): every field of every operation (OpenAPI 3.1)
- [Guide](/guide/): how to train, evaluate and operate
- [Try it](/docs/): the contract as a page
`;

/** The page, made of the contract: it cannot tell of an operation that does not exist. */
export function llmsText(contract: Contract): string {
  const sections = new Map<string, string[]>();
  for (const { method, path, operation } of operationsOf(contract)) {
    const { tags, summary, security } = detailsOf(operation);
    const scope = security === '' ? '' : ` (${security})`;
    sections.set(tags, [...(sections.get(tags) ?? []), `- \`${method} ${path}\`: ${summary}${scope}`]);
  }
  const listed = [...sections].map(([tag, lines]) => `## ${tag}\n\n${lines.join('\n')}\n`);
  return [HEAD, ...listed].join('\n');
}

function detailsOf(operation: object): { tags: string; summary: string; security: string } {
  const known: { tags?: unknown; summary?: unknown; security?: unknown } = { ...operation };
  const { tags, summary, security } = known;
  const first: unknown = Array.isArray(security) ? security[0] : undefined;
  const scopes = isObject(first) && Array.isArray(first.apiKey) ? first.apiKey : [];
  return { tags: [tags].flat().join(', '), summary: String(summary), security: scopes.join(', ') };
}
