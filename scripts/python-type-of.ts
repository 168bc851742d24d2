/** The part of JSON Schema that the contract uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

const SCALARS: Readonly<Record<string, string>> = {
  string: 'str',
  integer: 'int',
  number: 'float',
  boolean: 'bool',
  null: 'None',
};
/** Words that cannot be the name of a field in a class. */
const RESERVED = new Set(['in', 'from', 'class', 'import', 'global', 'is', 'not', 'or', 'and', 'if', 'for']);
const WIDTH = 110;

/** Python types for schemas. An object within another one becomes a type of its own: `Job` and `links` make `JobLinks`. */
export class PythonTypes {
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #aliases = new Map<string, string>();
  readonly #classes = new Map<string, string>();

  constructor(schemas: Readonly<Record<string, Schema>>) {
    this.#schemas = schemas;
  }

  add(name: string, schema: Schema): void {
    const whole = this.#merged(schema);
    if (whole.properties === undefined) this.#aliases.set(name, `${name} = ${this.#typeOf(whole, name)}\n`);
    else this.#addClass(name, whole);
  }

  /** Aliases first: Python reads them when it loads the file, and the fields of classes only when asked to. */
  render(): string[] {
    return [...this.#aliases.values(), ...this.#classes.values()];
  }

  #addClass(name: string, { description, properties = {}, required = [] }: Schema): void {
    if (this.#classes.has(name)) throw new Error(`two objects of the contract are called ${name} in Python`);
    this.#classes.set(name, '');
    const fields = Object.entries(properties).map(([field, schema]) => {
      const type = this.#typeOf(schema, name + pascal(field));
      return { field, type: required.includes(field) ? type : `NotRequired[${type}]`, schema };
    });
    this.#classes.set(
      name,
      fields.some(({ field }) => RESERVED.has(field))
        ? functional(name, fields)
        : classOf(name, description, fields),
    );
  }

  #typeOf(schema: Schema, name: string): string {
    if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? '';
    if (schema.const !== undefined) return `Literal[${literal(schema.const)}]`;
    if (schema.enum !== undefined) return oneOf(schema.enum);
    const choices = schema.properties === undefined ? (schema.anyOf ?? schema.oneOf) : undefined;
    if (choices !== undefined) return union(choices.map((choice) => this.#choice(choice, name)));
    const types = [schema.type ?? []].flat();
    return types.length === 0 ? 'Any' : union(types.map((type) => this.#typed(type, schema, name)));
  }

  #choice(choice: Schema, name: string): string {
    return choice.type === 'null' ? 'None' : this.#typeOf(choice, name);
  }

  #typed(type: string, schema: Schema, name: string): string {
    if (type === 'array') return `list[${schema.items ? this.#itemOf(schema.items, name) : 'Any'}]`;
    if (type !== 'object') return schema.format === 'binary' ? 'bytes' : (SCALARS[type] ?? 'Any');
    if (schema.properties !== undefined) {
      this.#addClass(name, schema);
      return name;
    }
    const { additionalProperties: values } = schema;
    return `dict[str, ${typeof values === 'object' ? this.#typeOf(values, `${name}Value`) : 'Any'}]`;
  }

  /** JSON has no tuples: an item that is a row of different types is a list of anything. */
  #itemOf(items: Schema, name: string): string {
    return items.type === 'array' && items.items === undefined
      ? 'list[Any]'
      : this.#typeOf(items, `${name}Item`);
  }

  #merged(schema: Schema): Schema {
    if (schema.allOf === undefined) return schema;
    const parts = schema.allOf.map((part) =>
      this.#merged(this.#schemas[part.$ref?.split('/').at(-1) ?? ''] ?? part),
    );
    return {
      ...schema,
      type: 'object',
      required: parts.flatMap(({ required = [] }) => required),
      properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    };
  }
}

interface Field {
  readonly field: string;
  readonly type: string;
  readonly schema: Schema;
}

function classOf(name: string, description: string | undefined, fields: readonly Field[]): string {
  const lines = fields.flatMap(({ field, type, schema }) => [
    `    ${field}: ${type}`,
    ...(schema.description === undefined ? [] : [docstring(schema.description)]),
  ]);
  const head = description === undefined ? [] : [docstring(description), ''];
  return `\nclass ${name}(TypedDict):\n${[...head, ...lines].join('\n')}\n`;
}

/** For names that a class cannot have. Types are quoted, since Python evaluates them here. */
function functional(name: string, fields: readonly Field[]): string {
  const lines = fields.map(({ field, type }) => `        '${field}': ${JSON.stringify(type)},`);
  return `\n${name} = TypedDict(\n    '${name}',\n    {\n${lines.join('\n')}\n    },\n)\n`;
}

function docstring(text: string): string {
  const lines = wrap(text.trim().replaceAll('\\', '\\\\').replaceAll(/\s+/g, ' '));
  return `    """${lines.join('\n    ')}${lines.length > 1 ? '\n    ' : ''}"""`;
}

function wrap(text: string): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last.length + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

function union(types: readonly string[]): string {
  const some = [...new Set(types.filter((type) => type !== 'None'))];
  const joined = some.length > 1 ? `Union[${some.join(', ')}]` : (some[0] ?? 'None');
  return types.includes('None') ? `Optional[${joined}]` : joined;
}

function oneOf(values: readonly unknown[]): string {
  const some = values.filter((value) => value !== null);
  const type = `Literal[${some.map(literal).join(', ')}]`;
  return some.length < values.length ? `Optional[${type}]` : type;
}

const literal = (value: unknown): string =>
  typeof value === 'boolean' ? (value ? 'True' : 'False') : JSON.stringify(value);

const pascal = (name: string): string =>
  name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
