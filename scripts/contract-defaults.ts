import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../src/service/root.js';

interface Schema {
  readonly $ref?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

type Schemas = Readonly<Record<string, Schema>>;

/** Fields of an optimizer and, under `x-vectors`, facts about it that are no fields. */
type Optimizer = Readonly<Record<string, number>>;

interface Components {
  readonly schemas: Schemas;
  readonly 'x-optimizer-defaults': Readonly<Record<string, Optimizer>>;
}

const VECTORS = 'x-vectors';

/**
 * `src/contract/generated/defaults.ts`: everything that openapi.yaml fills in. What a job gets for each field that it
 * does not name, and what each optimizer has.
 */
export async function renderContractDefaults(): Promise<string> {
  const text = await readFile(join(ROOT, 'openapi/openapi.yaml'), 'utf8');
  const { components } = parse(text) as { components: Components };
  const optimizers = Object.entries(components['x-optimizer-defaults']);
  const fieldsOf = ({ [VECTORS]: _, ...fields }: Optimizer) => fields;
  const constants = {
    JOB_DEFAULTS: defaultsOf(components.schemas.JobSpec, components.schemas),
    OPTIMIZER_DEFAULTS: Object.fromEntries(optimizers.map(([type, facts]) => [type, fieldsOf(facts)])),
    OPTIMIZER_VECTORS: Object.fromEntries(optimizers.map(([type, facts]) => [type, vectorsOf(type, facts)])),
  };
  return [
    '// Generated from openapi/openapi.yaml by `npm run generate`. Do not edit.',
    ...Object.entries(constants).flatMap(([name, value]) => [
      '',
      `export const ${name} = ${JSON.stringify(value, null, 2)} as const;`,
    ]),
    '',
  ].join('\n');
}

function vectorsOf(type: string, { [VECTORS]: vectors }: Optimizer): number {
  if (vectors === undefined) throw new Error(`the optimizer ${type} in openapi.yaml has no ${VECTORS}`);
  return vectors;
}

function defaultsOf(schema: Schema | undefined, schemas: Schemas): Record<string, unknown> {
  const fields = Object.entries(resolved(schema ?? {}, schemas).properties ?? {}).map(
    ([name, property]) => [name, defaultOf(resolved(property, schemas), schemas)] as const,
  );
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** The default of an object names what differs from those of its fields. */
function defaultOf(schema: Schema, schemas: Schemas): unknown {
  const { default: value } = schema;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? { ...defaultsOf(schema, schemas), ...value } : value;
}

function resolved(schema: Schema, schemas: Schemas): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...beside } = schema;
  const target = schemas[$ref.replace('#/components/schemas/', '')];
  if (!target) throw new Error(`openapi.yaml has no ${$ref}`);
  return { ...resolved(target, schemas), ...beside };
}
