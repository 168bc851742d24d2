import { type JsonObject, METHODS } from '../../../src/api/openapi.js';
import { isObject } from '../../../src/contract/is-object.js';
import { type Direction, schemaChanges } from './schema-changes.js';

/** One line for each change from one contract to another that can break a client written for the first. */
export function contractChanges(before: JsonObject, after: JsonObject): string[] {
  return operationsIn(before).flatMap(([name, old]) => {
    const fresh = new Map(operationsIn(after)).get(name);
    if (!fresh) return [`${name}: is gone`];
    return [
      ...(old.operationId === fresh.operationId ? [] : [`${name}: operationId is now ${fresh.operationId}`]),
      ...parameterChanges(name, old, fresh, schemasOf(before, after)),
      ...bodyChanges(name, old, fresh, schemasOf(before, after)),
      ...answerChanges(name, old, fresh, schemasOf(before, after)),
      ...keyChanges(name, old.security ?? before.security, fresh.security ?? after.security),
    ];
  });
}

/** Compares two schemas of the two documents. */
type Compare = (where: string, direction: Direction, old: unknown, fresh: unknown) => string[];

function schemasOf(before: JsonObject, after: JsonObject): Compare {
  const sides = { before: resolver(before), after: resolver(after), open: [] };
  return (where, direction, old, fresh) => schemaChanges(old, fresh, { ...sides, where, direction });
}

/** `GET /jobs` with its parameters resolved, those of its path included. */
function operationsIn(document: JsonObject): [string, JsonObject][] {
  const resolve = resolver(document);
  const paths = document.paths as Record<string, JsonObject>;
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method.toLowerCase() in item).map((method): [string, JsonObject] => {
      const operation = item[method.toLowerCase()] as JsonObject;
      const parameters = [...listOf(item.parameters), ...listOf(operation.parameters)].map(resolve);
      const responses = Object.entries(resolve(operation.responses)).map(([status, answer]) => [
        status,
        resolve(answer),
      ]);
      return [`${method} ${path}`, { ...operation, parameters, responses: Object.fromEntries(responses) }];
    }),
  );
}

function parameterChanges(name: string, old: JsonObject, fresh: JsonObject, compare: Compare): string[] {
  const [olds, news] = [old, fresh].map(parametersOf) as [Map<string, JsonObject>, Map<string, JsonObject>];
  const kept = [...olds].flatMap(([key, parameter]) => {
    const now = news.get(key);
    const where = `${name} ${key}`;
    return now ? compare(where, 'request', parameter.schema, now.schema) : [`${where}: is gone`];
  });
  const required = [...news]
    .filter(([key, { required }]) => required === true && olds.get(key)?.required !== true)
    .map(([key]) => `${name} ${key}: is now required`);
  return [...kept, ...required];
}

function parametersOf({ parameters }: JsonObject): Map<string, JsonObject> {
  return new Map(
    (parameters as JsonObject[]).map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]),
  );
}

function bodyChanges(name: string, old: JsonObject, fresh: JsonObject, compare: Compare): string[] {
  const [a, b] = [old.requestBody, fresh.requestBody].map((body) => (isObject(body) ? body : {})) as [
    JsonObject,
    JsonObject,
  ];
  const where = `${name} body`;
  const required = b.required === true && a.required !== true ? [`${where}: is now required`] : [];
  return [...required, ...mediaChanges(where, 'request', a.content, b.content, compare)];
}

function answerChanges(name: string, old: JsonObject, fresh: JsonObject, compare: Compare): string[] {
  const news = fresh.responses as Record<string, JsonObject>;
  return Object.entries(old.responses as Record<string, JsonObject>).flatMap(([status, answer]) => {
    const where = `${name} ${status}`;
    const now = news[status];
    if (now) return mediaChanges(where, 'response', answer.content, now.content, compare);
    return status.startsWith('2') ? [`${where}: is gone`] : [];
  });
}

function mediaChanges(
  where: string,
  direction: Direction,
  old: unknown,
  fresh: unknown,
  compare: Compare,
): string[] {
  const [olds, news] = [old, fresh].map((content) => (isObject(content) ? content : {})) as [
    JsonObject,
    JsonObject,
  ];
  return Object.entries(olds).flatMap(([type, media]) => {
    const now = news[type];
    if (!isObject(now)) return [`${where} ${type}: is gone`];
    return compare(`${where} ${type}`, direction, (media as JsonObject).schema ?? {}, now.schema ?? {});
  });
}

/** `{}` among the requirements lets a request without a key through. */
function keyChanges(name: string, old: unknown, fresh: unknown): string[] {
  const open = (security: unknown) =>
    listOf(security).length === 0 ||
    listOf(security).some((one) => isObject(one) && Object.keys(one).length === 0);
  return open(old) && !open(fresh) ? [`${name}: now needs a key`] : [];
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Follows a `$ref` within its document; what stands beside it goes over its target. */
function resolver(document: JsonObject): (node: unknown) => JsonObject {
  const resolve = (node: unknown): JsonObject => {
    if (!isObject(node)) return {};
    const { $ref, ...siblings } = node;
    if (typeof $ref !== 'string') return node;
    const target = $ref.replace(/^#\//, '').split('/');
    const found = target.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), document);
    return Object.keys(siblings).length > 0 ? { ...resolve(found), ...siblings } : resolve(found);
  };
  return resolve;
}
