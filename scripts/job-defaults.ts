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

/** `src/contract/generated/job-defaults.ts`: what a job gets for each field that it does not name, as openapi.yaml says. */
export async function renderJobDefaults(): Promise<string> {
  const text = await readFile(join(ROOT, 'openapi/openapi.yaml'), 'utf8');
  const { components } = parse(text) as { components: { schemas: Schemas } };
  const defaults = defaultsOf(components.schemas.JobSpec, components.schemas);
  return [
    '// Generated from openapi/openapi.yaml by `npm run generate`. Do not edit.',
    '',
    `export const JOB_DEFAULTS = ${JSON.stringify(defaults, null, 2)} as const;`,
    '',
  ].join('\n');
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
