import assert from 'node:assert/strict';
import { StrataError } from '../../../src/contract/errors.js';
import type { DatasetFacts, ResolvedSpec } from '../../../src/contract/spec.js';
import { methodProblems, withStatistics } from '../../../src/jobs/client/jobs/initial-problems.js';
import { resolveSpec } from '../../../src/planning/spec/resolve.js';
import { bodyOf, type Fields, isField, without } from './draw.js';

/** Devices that compute in bfloat16, so that a job may ask for it. */
const DEVICES = { devices: 1, withBfloat16: 1, preferBfloat16: 1 };

export interface Problem {
  readonly pointer: string;
  readonly message: string;
}

/** The job as it would be stored, or why it would be refused. */
export function resolve(fields: Fields, dataset: DatasetFacts): ResolvedSpec | readonly Problem[] {
  try {
    const spec = withStatistics(resolveSpec(bodyOf(fields), dataset, 1, DEVICES), true);
    const problems = spec.init_from ? methodProblems(spec) : [];
    return problems.length > 0 ? problems : spec;
  } catch (error) {
    if (error instanceof StrataError && error.code === 'invalid_spec') return error.errors;
    throw error;
  }
}

export const isRefused = (answer: ResolvedSpec | readonly Problem[]): answer is readonly Problem[] =>
  Array.isArray(answer);

/** Words of remedies. */
const REMEDY = /\b(use|leave|set|give|add|lower|must|name)\b/;

/** A refusal names fields of the contract, and what to do about each. */
export function checkProblems(problems: readonly Problem[]): void {
  assert.ok(problems.length > 0, 'a refusal names a field');
  for (const { pointer, message } of problems) {
    assert.ok(isField(pointer), `${pointer} is not a field of a job: ${message}`);
    assert.match(message, REMEDY, pointer);
  }
}

/**
 * Leaves out what a refusal is about: fields at or below its pointer, or, where the job set none of these, fields that its
 * message names. The method and the optimizer go last, because the test is about them.
 */
export function withRemedies(fields: Fields, problems: readonly Problem[]): Fields {
  const left = problems.flatMap(({ pointer, message }) => {
    const isBelow = (key: string) => key === pointer || key.startsWith(`${pointer}/`);
    const choices = [isBelow, (key: string) => isNamed(message, key)].map((isMeant) =>
      [...fields.keys()].filter((key) => isMeant(key) && !KEPT.includes(key)),
    );
    return choices.find(({ length }) => length > 0) ?? [pointer];
  });
  const remedied = without(fields, left);
  const text = () => `no remedy for ${JSON.stringify([...fields])}: ${JSON.stringify(problems)}`;
  assert.ok(remedied.size < fields.size, text());
  return remedied;
}

/** Chosen for every job. */
const KEPT = ['/method/type', '/optimizer/type', '/batch_size', '/epochs', '/model/width', '/model/depth'];

/** Whether a message names a field, or an object that has it. */
function isNamed(message: string, pointer: string): boolean {
  const names = pointer
    .slice(1)
    .split('/')
    .filter((name) => !TOO_WIDE.includes(name));
  return names.some((name) => new RegExp(`\\b${name}\\b`).test(message));
}

/** Objects of many fields, whose names stand in messages about one of them. */
const TOO_WIDE = ['model', 'method', 'optimizer', 'augmentation', 'type'];
