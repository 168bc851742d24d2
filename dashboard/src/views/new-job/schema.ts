/** The part of JSON Schema that the contract's JobSpec uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
}

interface Contract {
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** A setting of a job that has one value, or a list of values. */
export interface Field {
  /** Like `['method', 'stages']`. */
  readonly path: readonly string[];
  /** `list`: values with commas between them. `free`: a word, a number, or JSON. */
  readonly kind: 'integer' | 'number' | 'boolean' | 'text' | 'choice' | 'list' | 'free';
  /** All values of a choice; for others, those that have a name. */
  readonly choices: readonly string[];
  /** Labels of choices; a choice without one is shown by its value. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly description: string;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

/**
 * Reads the settings of a job from the contract that the server sends. Lists of objects and free pairs are left to the
 * JSON tab.
 */
export async function fetchFields(): Promise<Field[]> {
  const response = await fetch('/openapi.json');
  const contract = (await response.json()) as Contract;
  return fieldsOf(contract, contract.components.schemas.JobSpec ?? {}, []);
}

function fieldsOf(contract: Contract, schema: Schema, path: readonly string[]): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const found = resolved(contract, property);
    const here = [...path, name];
    if (found.properties) return fieldsOf(contract, found, here);
    const kind = kindOf(found);
    if (kind === null) return [];
    const { minimum, maximum, description = '' } = found;
    const named = found.enum ?? found.items?.enum ?? partsOf(found).flatMap((part) => part.enum ?? []);
    const choices = named.filter((value) => value !== null).map(String);
    return [{ path: here, kind, choices, description, minimum, maximum }];
  });
}

/** Follows a reference, and takes the part of a choice that is not null. */
function resolved(contract: Contract, schema: Schema): Schema {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    const { $ref: _, ...beside } = schema;
    return { ...resolved(contract, contract.components.schemas[name] ?? {}), ...beside };
  }
  const parts = partsOf(schema);
  const only = parts.length === 1 ? parts[0] : undefined;
  return only ? { ...resolved(contract, only), ...schema } : schema;
}

const partsOf = ({ anyOf, oneOf }: Schema): readonly Schema[] =>
  (anyOf ?? oneOf ?? []).filter(({ type }) => type !== 'null');

function kindOf(schema: Schema): Field['kind'] | null {
  const { type, enum: choices, items } = schema;
  if (partsOf(schema).length > 1) return 'free';
  if (type === 'array') return items?.type && items.type !== 'object' ? 'list' : null;
  const types = (Array.isArray(type) ? type : [type]).filter((each) => each !== 'null');
  if (types.length !== 1) return null;
  if (choices) return 'choice';
  if (types[0] === 'string') return 'text';
  return types[0] === 'integer' || types[0] === 'number' || types[0] === 'boolean' ? types[0] : null;
}
