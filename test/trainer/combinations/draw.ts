import fc from 'fast-check';
import { inlineRefSiblings, type JsonObject, loadContract } from '../../../src/api/openapi.js';
import { bodyCompiler } from '../../../src/api/plugins/validation.js';
import { isObject } from '../../../src/contract/is-object.js';
import type { JobSpec } from '../../../src/contract/spec.js';

export const CONTRACT = inlineRefSiblings(loadContract().document);

/** Fields of a job, by their JSON pointers, and the values that it sets. All others have their defaults. */
export type Fields = ReadonlyMap<string, unknown>;

/** Parts of a job whose fields are drawn, each with the probability that a field of it is set. */
const PARTS: Readonly<Record<string, number>> = {
  '/model': 0.15,
  '/method': 0.12,
  '/optimizer': 0.12,
  '/augmentation': 0.06,
  '/freeze': 0.3,
  '/init_from': 0.3,
  '/precision': 0.2,
  '/label_smoothing': 0.1,
  '/class_weights': 0.1,
  '/sampling': 0.1,
  '/normalization': 0.05,
  '/evaluate_every': 0.1,
};

/** Set by the test itself: the size of the network and of the run, and what `drawn` has a rule for. */
const GIVEN = ['/model/depth', '/model/width', '/method/type', '/optimizer/type', '/init_from/weights'];
/**
 * A network of another source than `weights` would start in the same way. A network to refine has half the blocks, and whether it
 * has is known where the source is: test/jobs/client/checkpoints.test.ts looks at that.
 */
const LEFT_OUT = ['/init_from/model', '/init_from/checkpoint', '/init_from/refine'];

/** Values for a network of three or four blocks and a run of three steps. Other numbers are drawn as `valuesOf` says. */
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  '/model/dropout': [0.3],
  '/method/stages': [1, 1, 2, 3, 4],
  '/method/split': ['memory', [1, 2], [2, 1], [1, 1, 1], [3]],
  '/method/penalty': ['adaptive', 1, 4, 20],
  '/method/auxiliary/cost_share': [0.05, 0.5],
  '/method/auxiliary/learning_rate': [0.01],
  '/method/auxiliary/width': [4, 5],
  '/method/memory_bytes': [20_000, 1_000_000],
  '/method/sparsity/keep': [0.25, 0.5, 1],
  '/method/sparsity/until_round': [1, 2],
  '/method/sparsity/regrow': [0, 0.5],
  '/method/message_rounds': [1, 2, 3, 5],
  '/method/replicas': [2, 3],
  '/method/levels/count': [2],
  '/method/levels/shares': [[0.34], [0.67]],
  '/method/outer/rate': [0.7],
  '/method/outer/momentum': [0, 0.5],
  '/method/end_to_end_share': [0, 0.34, 0.67, 1],
  '/optimizer/learning_rate': [0.001, 0.05, 0.3],
  '/optimizer/momentum': [0, 0.5],
  '/optimizer/beta1': [0, 0.8],
  '/optimizer/beta2': [0.9],
  '/optimizer/epsilon': [1e-4],
  '/optimizer/trust_coefficient': [0.001],
  '/optimizer/damping': [0.3],
  '/optimizer/factor_decay': [0, 0.5],
  '/optimizer/factor_interval': [1, 2],
  '/optimizer/weight_decay': [0, 0.01],
  '/optimizer/rates/head': [0.5, 3],
  '/optimizer/rates/decay_per_block': [0.5],
  '/optimizer/gradient_accumulation_steps': [2, 3, 4],
  '/optimizer/clip_norm': [0.01, 1],
  '/optimizer/schedule/minimum_rate': [0.001],
  '/optimizer/schedule/warmup_rate': [0.0001],
  '/optimizer/schedule/warmup_epochs': [0.5, 1],
  '/optimizer/schedule/cooldown_epochs': [0.5],
  '/optimizer/schedule/restart_epochs': [[1], [2]],
  '/optimizer/schedule/milestones': [[0.3], [0.2, 0.9]],
  '/label_smoothing': [0.1],
  '/class_weights': ['balanced', [1, 2, 0.5]],
  '/normalization': ['imagenet', { mean: [0.5, 0.4], standard_deviation: [0.2, 0.3] }],
  '/augmentation/random_resized_crop': [false, {}],
  '/augmentation/crop_padding': [0, 2],
  '/augmentation/color_jitter': [{ brightness: 0.5, contrast: 0.3 }],
  '/augmentation/cutout': [3],
  '/augmentation/rotation': [20],
};

/** Network of a family with few blocks, and few channels. */
const SIZES: Readonly<Record<string, readonly [depth: number | null, width: number]>> = {
  resnet: [8, 2],
  'wide-resnet': [10, 1],
};
const SMALL_WIDTH = 2;

interface Leaf {
  readonly pointer: string;
  readonly schema: JsonObject;
}

export const METHOD_TYPES = enumOf('MethodSpec', 'type');
export const OPTIMIZER_TYPES = enumOf('OptimizerSpec', 'type');

function enumOf(schema: string, field: string): string[] {
  const node = schemaAt(`#/components/schemas/${schema}`);
  const { enum: names } = (node.properties as JsonObject)[field] as JsonObject;
  return names as string[];
}

function schemaAt(reference: string): JsonObject {
  const names = reference.replace('#/', '').split('/');
  return names.reduce<unknown>((node, name) => (node as JsonObject)[name], CONTRACT) as JsonObject;
}

const resolvedSchema = (schema: JsonObject): JsonObject =>
  typeof schema.$ref === 'string' ? schemaAt(schema.$ref) : schema;

/** Fields without fields of their own. */
function leavesOf(pointer: string, given: unknown): Leaf[] {
  const schema = resolvedSchema(given as JsonObject);
  if (pointer in VALUES || !isObject(schema.properties)) return [{ pointer, schema }];
  return Object.entries(schema.properties).flatMap(([name, inner]) => leavesOf(`${pointer}/${name}`, inner));
}

/**
 * A field of the contract that this file does not know takes each of its names, and of numbers the smallest one, or up to 3
 * more: so a technique that is added to the contract is drawn, too.
 */
function valuesOf({ pointer, schema }: Leaf): readonly unknown[] {
  const known = VALUES[pointer];
  if (known) return known;
  if (Array.isArray(schema.enum)) return schema.enum.filter((value) => value !== null);
  const types = [schema.type].flat();
  if (types.includes('boolean')) return [true, false];
  if (Array.isArray(schema.anyOf))
    return schema.anyOf.flatMap((one) => valuesOf({ pointer, schema: resolvedSchema(one) }));
  const min = Number(schema.minimum ?? schema.exclusiveMinimum ?? 0);
  const max = Number(schema.maximum ?? schema.exclusiveMaximum ?? Number.POSITIVE_INFINITY);
  if (types.includes('integer'))
    return [0, 1, 2, 3].map((more) => min + more).filter((value) => value <= max);
  return types.includes('number') ? [Math.min(max, min + 1) / 2 + min / 2] : [];
}

const JOB = schemaAt('#/components/schemas/JobSpec').properties as JsonObject;
const LEAVES = Object.keys(PARTS)
  .flatMap((part) => leavesOf(part, JOB[part.slice(1)]))
  .filter(({ pointer }) => !GIVEN.includes(pointer) && !LEFT_OUT.includes(pointer));

export const DRAWN_FIELDS: readonly string[] = LEAVES.map(({ pointer }) => pointer);

const partOf = (pointer: string): string => `/${pointer.split('/')[1]}`;

/** A field's value, or undefined. */
function drawn(leaf: Leaf): fc.Arbitrary<unknown> {
  const values = valuesOf(leaf);
  if (values.length === 0) return fc.constant(undefined);
  const weight = Math.round(100 * PARTS[partOf(leaf.pointer)]!);
  return fc.oneof(
    { weight: 100 - weight, arbitrary: fc.constant(undefined) },
    { weight, arbitrary: fc.constantFrom(...values) },
  );
}

/** Jobs of one method and one optimizer. */
export function jobsOf(method: string, optimizer: string): fc.Arbitrary<Fields> {
  const leaves = fc.tuple(...LEAVES.map(drawn));
  return fc
    .record({ leaves, starts: fc.boolean(), long: fc.boolean() })
    .map(({ leaves: values, starts, long }) => {
      const fields = new Map<string, unknown>([
        ['/method/type', method],
        ['/optimizer/type', optimizer],
        ['/batch_size', 8],
        // Three steps of one epoch, or of three.
        ['/epochs', long ? 3 : 1],
      ]);
      LEAVES.forEach(({ pointer }, index) => {
        if (values[index] !== undefined && (starts || !STARTS.includes(partOf(pointer))))
          fields.set(pointer, values[index]);
      });
      return withGiven(fields);
    });
}

/** The fields with one more, and what that one needs of the network. */
export const withField = (fields: Fields, pointer: string, value: unknown): Fields =>
  withGiven(new Map([...fields, [pointer, value]]));

/** Half of the jobs have none of these. */
const STARTS = ['/freeze', '/init_from'];

/** Fields that others need: a size of the network, weights to start from, a number of frozen blocks. */
function withGiven(fields: ReadonlyMap<string, unknown>): Fields {
  const all = new Map(fields);
  const has = (part: string) => [...all.keys()].some((pointer) => partOf(pointer) === part);
  const [depth, width] = SIZES[String(all.get('/model/family') ?? 'resnet')] ?? [null, SMALL_WIDTH];
  all.set('/model/width', width);
  // The network has two of its blocks for each one of the first level.
  if (depth !== null) all.set('/model/depth', all.has('/method/levels/count') ? depth + 6 : depth);
  if (has('/freeze') && !all.has('/freeze/blocks')) all.set('/freeze/blocks', 1);
  if (has('/freeze') || has('/init_from')) all.set('/init_from/weights', 'weights_1');
  return all;
}

/** Fields without which the others of their object mean nothing. */
const HEADS_OF_PARTS: Readonly<Record<string, string>> = {
  '/freeze': '/freeze/blocks',
  '/init_from': '/init_from/weights',
};

/** The fields but some. */
export function without(fields: Fields, left: readonly string[]): Fields {
  const kept = [...fields].filter(([pointer]) => {
    const head = HEADS_OF_PARTS[partOf(pointer)];
    return !left.includes(pointer) && (head === undefined || !left.includes(head));
  });
  return new Map(kept);
}

const validate = bodyCompiler<JobSpec>()({
  ...schemaAt('#/components/schemas/JobSpec'),
  components: CONTRACT.components,
});

/** The body with these fields and all defaults, as the API fills them in. @throws Error if it is not valid by the contract */
export function bodyOf(fields: Fields): JobSpec {
  const body: JsonObject = { dataset: 'tiny', exports: [], seed: 1 };
  for (const [pointer, value] of fields) setAt(body, pointer.slice(1).split('/'), structuredClone(value));
  const found: object[] = [];
  if (!validate(body, found as never)) throw new Error(`${JSON.stringify(body)}: ${JSON.stringify(found)}`);
  return body;
}

function setAt(body: JsonObject, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) body[name] = value;
  else {
    body[name] ??= {};
    setAt(body[name] as JsonObject, rest, value);
  }
}

/** Whether the contract has a field of this pointer. */
export function isField(pointer: string): boolean {
  let node: unknown = { properties: JOB };
  for (const name of pointer.slice(1).split('/')) {
    const { properties } = resolvedSchema(node as JsonObject);
    const alternatives = ((node as JsonObject).anyOf as JsonObject[] | undefined) ?? [];
    const places = [properties, ...alternatives.map((one) => resolvedSchema(one).properties)];
    node = places
      .map((place) => (place as JsonObject | undefined)?.[name])
      .find((found) => found !== undefined);
    if (node === undefined) return false;
  }
  return true;
}
