import type { FastifyInstance, HTTPMethods } from 'fastify';
import { StrataError } from '../../contract/errors.js';
import { type Contract, operationsOf, routerPath } from '../openapi.js';

/** Answers 405 with Allow if a path of the contract does not support the method. */
export function refuseOtherMethods(app: FastifyInstance, contract: Contract): void {
  for (const [path, allowed] of methodsByPath(contract)) {
    const allow = allowed.join(', ');
    app.route({
      method: app.supportedMethods.filter((method) => !allowed.includes(method)),
      url: routerPath(path),
      // Checked before the body is parsed, because the body cannot make the method valid.
      onRequest: async ({ method }) => {
        const detail = `${method} is not supported here. Supported: ${allow}.`;
        throw new StrataError('method_not_allowed', detail, { headers: { allow } });
      },
      handler: async () => undefined,
    });
  }
}

function methodsByPath(contract: Contract): Map<string, HTTPMethods[]> {
  const methods = new Map<string, HTTPMethods[]>();
  for (const { path, method } of operationsOf(contract)) {
    const own: HTTPMethods[] = method === 'GET' ? ['GET', 'HEAD'] : [method];
    methods.set(path, [...(methods.get(path) ?? []), ...own]);
  }
  return methods;
}
