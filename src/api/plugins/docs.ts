import { readFile } from 'node:fs/promises';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { Contract } from '../openapi.js';
import { PAGE_POLICY } from './headers.js';

const REFERENCES = new URL('../../../openapi/swagger-ui-references.js', import.meta.url);

/** Serves the contract unchanged, and Swagger UI at /docs. */
export async function serveDocs(app: FastifyInstance, contract: Contract): Promise<void> {
  app.get('/openapi.yaml', async (_, reply) => reply.type('application/yaml').send(contract.yaml));
  app.get('/openapi.json', async (_, reply) => reply.type('application/json').send(contract.json));
  await app.register(swagger, {
    mode: 'static',
    specification: { document: contract.document as never },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_POLICY,
    theme: { js: [{ filename: 'references.js', content: await readFile(REFERENCES, 'utf8') }] },
    uiConfig: {
      tryItOutEnabled: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: 0,
      deepLinking: true,
    },
  });
}
