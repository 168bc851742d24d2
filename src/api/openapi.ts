import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { ANY_KEY, type Scope } from '../contract/access.js';
import { decodeCompiledContract } from '../contract/compiled-contract.js';
import { isObject } from '../contract/is-object.js';
import { memoize } from '../contract/memoize.js';

export type JsonObject = { [key: string]: unknown };

/** The contract in the forms that the API serves and mounts. */
export interface Contract {
  /** The bytes of openapi.yaml. */
  readonly yaml: string;
  /** The same document as JSON, complete and unchanged. */
  readonly json: string;
  readonly document: JsonObject;
}

const CONTRACT_FILE = new URL('../../openapi/openapi.yaml', import.meta.url);
const COMPILED_FILE = new URL('../../dist/contract.txt', import.meta.url);

/** Reads the contract. @throws if the file is missing or is not YAML */
export function loadContract(): Contract {
  const { yaml, json } = contractTexts();
  return { yaml, json, document: JSON.parse(json) };
}

/** The texts of the contract, read once a process: YAML is slow to read. */
const contractTexts = memoize(
  () => {
    const yaml = readFileSync(CONTRACT_FILE, 'utf8');
    return { yaml, json: compiledJson(yaml) ?? JSON.stringify(parse(yaml), null, 2) };
  },
  { max: 1 },
);

function compiledJson(yaml: string): string | null {
  if (!existsSync(COMPILED_FILE)) return null;
  return decodeCompiledContract(readFileSync(COMPILED_FILE, 'utf8'), yaml);
}

/** Every operation of the contract with its path and method. */
export function operationsOf({ document }: Contract): OperationEntry[] {
  const paths = document.paths as Record<string, Record<string, unknown>>;
  return Object.entries(paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method.toLowerCase() in item).map((method) => {
      const operation = item[method.toLowerCase()] as OperationEntry['operation'];
      return { path, method, id: operation.operationId, operation };
    }),
  );
}

/**
 * The scope that an operation requires, ANY_KEY if it requires a key and no scope, or null if it needs no key.
 * @throws if the contract does not declare it
 */
export function scopeOf({ id, operation: { security } }: OperationEntry): Scope | typeof ANY_KEY | null {
  if (security?.length === 0) return null;
  const scopes = security?.[0]?.apiKey;
  const scope = scopes?.length === 0 ? ANY_KEY : scopes?.[0];
  if (scope === undefined) throw new Error(`openapi.yaml: ${id} must declare a scope, or \`security: []\``);
  return scope;
}

/** `/jobs/{id}` as Fastify's router writes it: `/jobs/:id`. */
export function routerPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

export interface OperationEntry {
  readonly path: string;
  readonly method: (typeof METHODS)[number];
  readonly id: string;
  readonly operation: {
    readonly operationId: string;
    readonly tags: readonly string[];
    readonly requestBody?: { readonly required?: boolean; readonly content: JsonObject };
    /** Maximum body size of the operation, if it differs from the default of the server. */
    readonly 'x-body-limit-bytes'?: number;
    readonly security?: readonly Readonly<Record<string, readonly Scope[]>>[];
  };
}

/**
 * A copy in which every `$ref` with siblings is replaced by its target, merged with the siblings. OpenAPI 3.1
 * allows a `default` beside a `$ref`, but the resolver of fastify-openapi-glue drops all siblings.
 */
export function inlineRefSiblings(document: JsonObject): JsonObject {
  const visit = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(visit);
    if (!isObject(node)) return node;
    const { $ref, ...siblings } = node;
    if (typeof $ref !== 'string' || Object.keys(siblings).length === 0) {
      return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, visit(value)]));
    }
    return visit({ ...resolvePointer(document, $ref), ...siblings });
  };
  return visit(document) as JsonObject;
}

/** The object at a local reference like `#/components/schemas/Job`. @throws if it does not exist */
function resolvePointer(document: JsonObject, ref: string): JsonObject {
  const found = ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((node, key) => (isObject(node) ? node[key] : undefined), document);
  if (!isObject(found)) throw new Error(`openapi.yaml: the reference ${ref} has no target`);
  return found;
}
