import { isObject, type Json, objectAt, textAt } from './json.js';
import { COSTED, READS, WRITES } from './operations.js';

/** A tool of the Model Context Protocol, and the request that it makes. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Json;
  readonly annotations: { readonly title: string; readonly readOnlyHint: boolean };
  readonly request: {
    readonly method: string;
    /** With `{id}` and other parts to fill in. */
    readonly path: string;
    readonly pathNames: readonly string[];
    readonly queryNames: readonly string[];
    readonly hasBody: boolean;
    /** Whether `dry_run=true` answers with the cost. */
    readonly isCosted: boolean;
  };
}

export interface ToolOptions {
  readonly allowsWrites: boolean;
  /** Scopes of the key. */
  readonly scopes: readonly string[];
}

/** Name of the argument that repeats what a first call answered. */
export const CONFIRM = 'confirm';
/** Name of the argument that is the body of the request. */
export const BODY = 'body';

/** The tools that the key may use, from the contract of the server that answers them. */
export function toolsOf(contract: Json, { allowsWrites, scopes }: ToolOptions): Tool[] {
  const wanted = allowsWrites ? [...READS, ...WRITES] : READS;
  return Object.entries(objectAt(contract, 'paths')).flatMap(([path, item]) =>
    Object.entries(isObject(item) ? item : {}).flatMap(([method, operation]) => {
      if (!isObject(operation) || !wanted.includes(textAt(operation, 'operationId'))) return [];
      if (!scopesOf(operation).every((scope) => scopes.includes(scope))) return [];
      const shared = isObject(item) ? listOf(item.parameters) : [];
      return [toolOf(contract, { path, method, operation, shared })];
    }),
  );
}

interface Found {
  readonly path: string;
  readonly method: string;
  readonly operation: Json;
  /** Parameters of all operations of the path. */
  readonly shared: readonly Json[];
}

function toolOf(contract: Json, { path, method, operation, shared }: Found): Tool {
  const name = textAt(operation, 'operationId');
  const reads = READS.includes(name);
  const parameters = [...shared, ...listOf(operation.parameters)].map((one) => resolved(contract, one));
  const inPath = parameters.filter((one) => one.in === 'path');
  const inQuery = parameters.filter((one) => one.in === 'query' && one.name !== 'dry_run');
  const body = bodyOf(operation);
  const confirm = reads ? {} : { [CONFIRM]: CONFIRMATION };
  const properties = {
    ...Object.fromEntries([...inPath, ...inQuery].map((one) => [textAt(one, 'name'), argumentOf(one)])),
    ...(body && { [BODY]: body }),
    ...confirm,
  };
  const required = [...inPath, ...inQuery.filter((one) => one.required === true)].map((one) =>
    textAt(one, 'name'),
  );
  const needsBody = objectAt(operation, 'requestBody').required === true;
  const schema = { type: 'object', properties, required: [...required, ...(needsBody ? [BODY] : [])] };
  return {
    name,
    description: [`${textAt(operation, 'summary')}.`, textAt(operation, 'description').trim()]
      .join(' ')
      .trim(),
    inputSchema: withDefinitions(contract, schema),
    annotations: { title: textAt(operation, 'summary'), readOnlyHint: reads },
    request: {
      ...{ method: method.toUpperCase(), path, hasBody: body !== null, isCosted: COSTED.includes(name) },
      pathNames: inPath.map((one) => textAt(one, 'name')),
      queryNames: inQuery.map((one) => textAt(one, 'name')),
    },
  };
}

const CONFIRMATION = {
  type: 'string',
  description:
    'Leave it out first: the answer says what would happen and what it costs, and has the text for this field. Ask the user before you send it.',
};

function argumentOf(parameter: Json): Json {
  return { ...objectAt(parameter, 'schema'), description: textAt(parameter, 'description') };
}

function bodyOf(operation: Json): Json | null {
  const json = objectAt(objectAt(objectAt(operation, 'requestBody'), 'content'), 'application/json');
  return isObject(json.schema) ? json.schema : null;
}

function scopesOf(operation: Json): string[] {
  return listOf(operation.security).flatMap(({ apiKey }) =>
    Array.isArray(apiKey) ? apiKey.filter((scope): scope is string => typeof scope === 'string') : [],
  );
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);

function resolved(contract: Json, node: Json): Json {
  if (typeof node.$ref !== 'string') return node;
  const [, ...parts] = node.$ref.split('/');
  return parts.reduce<Json>((found, part) => objectAt(found, part), contract);
}

const SCHEMAS = '#/components/schemas/';

/** The schema with all that it refers to. */
function withDefinitions(contract: Json, schema: Json): Json {
  const all = objectAt(objectAt(contract, 'components'), 'schemas');
  const definitions: Record<string, unknown> = {};
  const moved = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(moved);
    if (!isObject(node)) return node;
    if (typeof node.$ref === 'string' && node.$ref.startsWith(SCHEMAS)) {
      const name = node.$ref.slice(SCHEMAS.length);
      if (!(name in definitions)) {
        definitions[name] = {};
        definitions[name] = moved(objectAt(all, name));
      }
      const { $ref: _, ...rest } = node;
      return { ...rest, $ref: `#/$defs/${name}` };
    }
    return Object.fromEntries(
      Object.entries(node).flatMap(([key, value]) => (key.startsWith('x-') ? [] : [[key, moved(value)]])),
    );
  };
  const own = moved(schema);
  return {
    ...(isObject(own) ? own : {}),
    ...(Object.keys(definitions).length > 0 && { $defs: definitions }),
  };
}
