import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import ts from 'typescript';
import { parse } from 'yaml';
import { OPTIMIZER_DEFAULTS } from '../../src/contract/generated/defaults.js';
import {
  COUPLING_LOSSES,
  COUPLINGS,
  MEMORY_POLICIES,
  MESSAGE_FILTERS,
  MESSAGE_PRECISIONS,
  METHODS,
} from '../../src/method/index.js';
import { GRADIENTS, SOLVERS } from '../../src/network/index.js';
import { BALANCED } from '../../src/planning/costs/split.js';
import { ROOT } from '../../src/service/root.js';
import { CODECS, FILTERS } from '../../src/trainer/messages/index.js';
import { COUPLING_FORMULAS } from '../../src/trainer/objective/coupling-losses.js';
import { UPDATE_RULES } from '../../src/trainer/optimizer/from-spec.js';
import { KEEPERS } from '../../src/trainer/passes/keepers/index.js';
import { METHOD_TRAINERS } from '../../src/trainer/tasks/train/methods/index.js';

/** A technique is one place: its name stands in the contract, and in one table of rules and one of implementations. */
interface Kind {
  /** Field of a job whose values are the names. */
  readonly field: string;
  readonly schema: readonly string[];
  /** The tables, by the file that holds them. */
  readonly tables: Readonly<Record<string, object>>;
}

const KINDS: readonly Kind[] = [
  {
    field: 'method.type',
    schema: ['MethodSpec', 'properties', 'type'],
    tables: {
      'src/method/rules.ts': METHODS,
      'src/trainer/tasks/train/methods/index.ts': METHOD_TRAINERS,
    },
  },
  {
    // One formula has both couplings, so there is no second table.
    field: 'method.stored.coupling',
    schema: ['MethodSpec', 'properties', 'stored', 'properties', 'coupling'],
    tables: { 'src/method/couplings.ts': COUPLINGS },
  },
  {
    field: 'method.coupling',
    schema: ['MethodSpec', 'properties', 'coupling'],
    tables: {
      'src/method/coupling-losses.ts': COUPLING_LOSSES,
      'src/trainer/objective/coupling-losses.ts': COUPLING_FORMULAS,
    },
  },
  {
    field: 'method.corrections.precision',
    schema: ['MethodSpec', 'properties', 'corrections', 'properties', 'precision'],
    tables: { 'src/method/messages.ts': MESSAGE_PRECISIONS, 'src/trainer/messages/codecs/index.ts': CODECS },
  },
  {
    field: 'method.corrections.filter',
    schema: ['MethodSpec', 'properties', 'corrections', 'properties', 'filter'],
    tables: { 'src/method/messages.ts': MESSAGE_FILTERS, 'src/trainer/messages/filter.ts': FILTERS },
  },
  {
    field: 'method.memory',
    schema: ['MethodSpec', 'properties', 'memory'],
    tables: {
      'src/method/memory.ts': MEMORY_POLICIES,
      'src/trainer/passes/keepers/index.ts': KEEPERS,
    },
  },
  {
    field: 'method.split',
    schema: ['MethodSpec', 'properties', 'split', 'anyOf', '0'],
    tables: { 'src/planning/costs/split.ts': BALANCED },
  },
  {
    field: 'model.gradient',
    schema: ['ModelSpec', 'properties', 'gradient'],
    tables: { 'src/network/solvers.ts': GRADIENTS },
  },
  {
    // One table has the coefficients of each solver, from which every pass and every export runs.
    field: 'model.solver',
    schema: ['ModelSpec', 'properties', 'solver'],
    tables: { 'src/network/solvers.ts': SOLVERS },
  },
  {
    field: 'optimizer.type',
    schema: ['OptimizerSpec', 'properties', 'type'],
    tables: {
      'openapi/openapi.yaml': OPTIMIZER_DEFAULTS,
      'src/trainer/optimizer/from-spec.ts': UPDATE_RULES,
    },
  },
];

/** Techniques that are a number instead of a name, by their field. */
const NUMBERS = ['method.reach', 'method.replicas', 'method.sparsity.keep', 'method.levels'];

/** Words of a choice that is left to Strata, or of none. They stand for no technique. */
const NO_TECHNIQUE = ['auto', 'none'];

/** Other places where such a word stands, with the reason. */
const ALLOWED: Readonly<Record<string, string>> = {
  'src/jobs/client/jobs/initial-problems.ts: frozen': 'a value of freeze.norm',
  'src/jobs/store/connection/column.ts: int8': 'a type of Postgres',
  'src/jobs/worker/children/oom-kills.ts: memory': 'a controller of Linux',
  'src/network/frozen.ts: frozen': 'a value of freeze.norm',
  'src/planning/costs/device-layouts.ts: bfloat16': 'a value of precision',
  'src/planning/costs/pass-facts.ts: float32': 'a value of precision',
  'src/planning/costs/precision-rates.ts: bfloat16': 'a value of precision',
  'src/planning/spec/precision.ts: bfloat16': 'a value of precision',
  'src/trainer/passes/mixed-pass.ts: bfloat16': 'a value of precision',
  'src/trainer/runtime/tensor.ts: bfloat16': 'a type of TensorFlow',
  'src/trainer/tasks/context.ts: bfloat16': 'a value of precision',
  'src/planning/spec/freeze.ts: frozen': 'a value of freeze.norm',
  'src/planning/spec/method/memory.ts: float32': 'a value of precision',
  'src/planning/spec/method/resolve-method.ts: penalty': 'a field of a job',
  'src/planning/spec/method/resolve-method.ts: stored': 'a field of a job',
  'src/planning/spec/precision.ts: float32': 'the precision of passes',
  'src/predictor/onnx.ts: float32': 'a type of ONNX',
  'src/trainer/export/graph-format.ts: float32': 'a type of TensorFlow.js',
  'src/trainer/export/onnx-runtime.ts: float32': 'a type of ONNX',
  'src/trainer/runtime/tensor.ts: float16': 'a type of TensorFlow',
  'src/trainer/runtime/tensor.ts: float32': 'a type of TensorFlow',
  'src/trainer/runtime/tensor.ts: int8': 'a type of TensorFlow',
};

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const sorted = (names: readonly string[]): string[] => [...names].sort();

function filesOf(folder: string): string[] {
  const files = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', folder],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  );
  return files
    .trim()
    .split('\n')
    .filter((path) => path.endsWith('.ts') && !path.includes('/generated/'));
}

const names = new Map<string, readonly string[]>();

before(() => {
  const { components } = parse(read('openapi/openapi.yaml'));
  for (const { field, schema } of KINDS) {
    const found = schema.reduce((at, key) => at[key], components.schemas) as { enum: (string | null)[] };
    names.set(
      field,
      found.enum.filter((name) => name !== null),
    );
  }
});

const namesOf = ({ field }: Kind): readonly string[] => names.get(field) ?? [];

for (const kind of KINDS) {
  for (const [file, table] of Object.entries(kind.tables)) {
    test(`${kind.field}: ${file} has an entry for each name of the contract, and no other`, () => {
      assert.ok(namesOf(kind).length > 1, 'the contract has names');
      assert.deepEqual(sorted(Object.keys(table)), sorted(namesOf(kind)));
    });
  }

  test(`${kind.field}: each name has a section, or a row of a table, in docs/method.md`, () => {
    const lines = read('docs/method.md').split('\n');
    const places = lines.filter((line) => /^#+ /.test(line) || line.startsWith('| ')).map(placeOf);
    const missing = namesOf(kind).filter((name) => !places.some((place) => place.includes(`\`${name}\``)));
    assert.deepEqual(missing, []);
  });

  test(`${kind.field}: each name has an oracle test, which says so`, () => {
    const tagged = new Map<string, string>();
    for (const path of filesOf('test')) {
      const tags = read(path).matchAll(/^\/\/ Oracle of (\S+) (.+)\.$/gm);
      for (const [, field, list] of tags)
        if (field === kind.field) for (const name of list!.split(', ')) tagged.set(name, path);
    }
    assert.deepEqual(sorted([...tagged.keys()]), sorted(namesOf(kind)));
  });
}

for (const field of NUMBERS) {
  test(`${field}: docs/method.md explains it, docs/techniques.md has its row, and an oracle test says so`, () => {
    assert.ok(read('docs/method.md').includes(`\`${field}: `));
    const rows = read('docs/techniques.md').split('\n');
    assert.ok(rows.some((line) => line.startsWith('| ') && line.includes(`\`${field}`)));
    assert.ok(filesOf('test').some((path) => read(path).includes(`\n// Oracle of ${field}.\n`)));
  });
}

test('each method has a section of its own in docs/method.md', () => {
  const headings = read('docs/method.md').match(/^#+ .*$/gm) ?? [];
  const missing = Object.keys(METHODS).filter(
    (name) => !headings.some((line) => line.includes(`\`${name}\``)),
  );
  assert.deepEqual(missing, []);
});

/** A heading, or the first cell of a row. */
function placeOf(line: string): string {
  return line.startsWith('|') ? (line.split('|')[1] ?? '') : line;
}

/**
 * Techniques by the words that code names them with: names in the contract, and identifiers that exist for nothing else. A
 * word of two things, like `whole` or `outer`, stands here by its longer names only.
 */
const WORDS: Readonly<Record<string, RegExp>> = {
  'optimizer kfac': /^kfac|^Kfac|\/kfac\.js$|^(check|keeps)Factors$|^factorInterval$/,
  'optimizer lars': /^lars|Lars/,
  'optimizer lamb': /^lamb$|Lamb(?!da)/,
  'warm-up of rates': /^warmup/i,
  'gradient accumulation': /accumulat(ion|ed)(Parts|Obstacle|_steps|\.js)|^checkAccumulation$/i,
  'kept activations (bfloat16, int8)': /keeper/i,
  'memory recompute': /^recompute/,
  'method.reach': /^reachedStage$|^resolveReach$|\/reach(\.js)?$|^reach$/,
  'method.levels':
    /^levels$|Levels$|^level(s|Steps|Starts|Shares)|^coars(er|est)|^blockFactor$|^refined$|\/(levels|refined)\.js$/,
  'coupling bregman-relu': /bregman|COUPLING_LOSS|^choosesCoupling$/i,
  'family ode-resnet': /ode-resnet|^hasFields$/,
  'solvers and integrals': /^solver$|SOLVER|^solverStep$|Integral|^integral|\/(solvers|integral[a-z-]*)\.js$/,
  'schedule gpipe': /gpipe/i,
  'schedule 1f1b': /(?<!interleaved-)1f1b/i,
  'schedule chimera': /chimera/i,
  'schedule interleaved-1f1b': /^interleaved(-1f1b)?$/,
  'schedule zero-bubble': /^zero-?bubble/i,
  'method.sparsity':
    /sparsity|^stagesInRound$|^KeptShare$|^keptShares$|^with(Share|Chains|ChannelsOfRound|StoredChannels)$|^stagesLeft$|^regrownIn$/i,
  'exports in int8': /int8-(graph|weights|export)|^Int8/,
  'method.replicas': /stageReplicas|^(has|can)Share(d)?Stages$/i,
  'method.outer': /^outer(Of|Step|Settings)|^OuterSettings$|^resolveOuter$/,
  'method local-heads': /^local-?heads/i,
  'penalty adaptive': /^adapt(s|ive)/,
  'method.penalty': /^penalty$|^penaltyAt$|^PenaltyRules$|^resolvePenalty$/,
  'method pipeline': /^isPipelined$|[pP]ipelinedCost$|\/pipeline\.js$/,
};

/** A technique that more files name than this has no seam: fix that before adding to it. */
const MAX_FILES = 9;

/** Techniques whose seam is missing still: how many files name them now, which may only fall, and why. */
const WIDE: Readonly<Record<string, readonly [files: number, reason: string]>> = {
  'solvers and integrals': [
    20,
    'a kind of layer with fields inside it: cost, export and folding each branch on it (ADR 22)',
  ],
  'method.sparsity': [14, 'its layers change in states, in costs and in rounds, each by itself'],
  'method.replicas': [15, 'plans multiply the time of stages by replicas in each of their comparisons'],
  'method.penalty': [16, 'it is also the field of rules by which code asks whether stages are coupled'],
  'method pipeline': [23, 'code asks this rule in place of the name of the method'],
};

test('no technique is named by ten files, but for those with a reason', () => {
  const found = filesNaming(WORDS);
  const problems = Object.entries(WORDS).flatMap(([technique]) => {
    const files = found.get(technique) ?? [];
    const max = WIDE[technique]?.[0] ?? MAX_FILES;
    if (files.length === 0) return [`${technique}: no file names it; correct its words`];
    if (files.length > max)
      return [`${technique}: ${files.length} files name it, of at most ${max}:`, ...files];
    return technique in WIDE && files.length < max
      ? [`${technique}: ${files.length} files name it, fewer than the ${max} of WIDE; lower the number`]
      : [];
  });
  assert.deepEqual(problems, []);
});

/** Files of src by the techniques that they name in code, paths of imports among it. */
function filesNaming(words: Readonly<Record<string, RegExp>>): ReadonlyMap<string, string[]> {
  const files = new Map<string, string[]>(Object.keys(words).map((technique) => [technique, []]));
  for (const path of filesOf('src')) {
    const named = namesIn(ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true));
    for (const [technique, pattern] of Object.entries(words))
      if (named.some((name) => pattern.test(name))) files.get(technique)!.push(path);
  }
  return files;
}

/** Identifiers, and strings without a space. */
function namesIn(node: ts.Node): string[] {
  const own = ts.isIdentifier(node) || ts.isStringLiteral(node) ? [node.text] : [];
  const inside: string[] = [];
  ts.forEachChild(node, (child) => void inside.push(...namesIn(child)));
  return [...new Set([...own, ...inside])].filter((name) => !name.includes(' '));
}

test('no other file names a technique: a branch on a name is a property of its rules', () => {
  const techniques = KINDS.map((kind) => namesOf(kind).filter((name) => !NO_TECHNIQUE.includes(name)));
  const tables = new Set(KINDS.flatMap((kind) => Object.keys(kind.tables)));
  const found = filesOf('src')
    .filter((path) => !tables.has(path))
    .flatMap((path) => mentions(path, read(path), techniques).map((name) => `${path}: ${name}`));
  assert.deepEqual(sorted([...new Set(found)]), sorted(Object.keys(ALLOWED)));
});

test('a branch, a table, a type and a text that name a technique are recognized', () => {
  const techniques = [
    ['penalty', 'augmented-lagrangian'],
    ['int8', 'float16'],
  ];
  const found = (text: string) => mentions('example.ts', text, techniques);
  assert.deepEqual(found("if (type === 'penalty') go();"), ['penalty']);
  assert.deepEqual(found('const BYTES = { int8: 1, float16: 2 };'), ['int8', 'float16']);
  assert.deepEqual(found("type Codec = 'int8' | 'float16';"), ['int8', 'float16']);
  assert.deepEqual(found('report(`use augmented-lagrangian with $' + '{type}`);'), ['augmented-lagrangian']);
  assert.deepEqual(
    found("type Chosen = Pick<Method, 'penalty'>; report('/method/penalty', { penalty: 4 });"),
    [],
  );
});

/** Names of techniques in the code of a file; comments do not count. */
function mentions(path: string, text: string, kinds: readonly (readonly string[])[]): string[] {
  // Most files have no such word, and need not be parsed.
  const words = kinds.flat().join('|');
  const joined = kinds.flat().filter((name) => name.includes('-'));
  if (!new RegExp(`['"\`](${words})['"\`]|\\b(${words}):|${joined.join('|')}`).test(text)) return [];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    for (const kind of kinds) found.push(...mentionsIn(node, kind));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function mentionsIn(node: ts.Node, kind: readonly string[]): string[] {
  // One name among a type's literals, or among keys, can be a field: `Pick<Method, 'type' | 'penalty'>`.
  if (ts.isUnionTypeNode(node))
    return atLeastTwo(
      node.types.map((type) => type.getText().slice(1, -1)),
      kind,
    );
  if (ts.isObjectLiteralExpression(node)) return atLeastTwo(node.properties.map(keyOf), kind);
  const text = textOf(node);
  if (text === null) return [];
  return kind.filter((name) => text === name || (name.includes('-') && text.includes(name)));
}

function atLeastTwo(words: readonly string[], kind: readonly string[]): string[] {
  const known = words.filter((word) => kind.includes(word));
  return known.length > 1 ? known : [];
}

const keyOf = (property: ts.ObjectLiteralElementLike): string =>
  property.name && (ts.isIdentifier(property.name) || ts.isStringLiteral(property.name))
    ? property.name.text
    : '';

/** Text of a string, or of a part of a template, that is a value. */
function textOf(node: ts.Node): string | null {
  if (ts.isTemplateLiteralToken(node)) return node.text;
  if (
    !ts.isStringLiteral(node) ||
    ts.isLiteralTypeNode(node.parent) ||
    (ts.isPropertyAssignment(node.parent) && node.parent.name === node)
  )
    return null;
  return node.text;
}
