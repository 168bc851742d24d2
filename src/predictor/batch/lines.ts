import type { BatchSetup } from '../../contract/batch-protocol.js';
import type { components } from '../../contract/generated/openapi.js';
import { PredictionFailure } from '../failure.js';
import type { Answer } from './answers.js';
import type { Input } from './inputs.js';

type Schemas = components['schemas'];
type Line = Schemas['BatchPredictionLine'];

/** The line of an image. @param answer null for one that could not be read */
export function lineOf({ key, sha256, content }: Input, answer: Answer | null, setup: BatchSetup): string {
  const line: Line = {
    ...{ key, sha256 },
    answered_by: answer?.by ?? null,
    classes: (answer?.ranked ?? []).map(({ index, probability }) => ({
      name: setup.classes[index] ?? '',
      probability,
    })),
    ...(answer?.embedding && { embedding: [...answer.embedding] }),
    error: errorOf(content),
  };
  return setup.format === 'csv' ? csvLine(line, setup) : `${JSON.stringify(line)}\n`;
}

/** The line about an image that could not be read; null for any other. */
export function errorLineOf({ key, sha256, content }: Input): string | null {
  const error = errorOf(content);
  if (error === null) return null;
  const failure: Schemas['BatchPredictionFailure'] = { key, sha256, error };
  return `${JSON.stringify(failure)}\n`;
}

const errorOf = (content: Input['content']): Line['error'] =>
  content instanceof PredictionFailure ? { code: content.code, message: content.message } : null;

/** Has a field for each name of `csvHead` (src/contract/batch-csv.ts). */
function csvLine({ key, sha256, answered_by, classes, error }: Line, setup: BatchSetup): string {
  const ranked = Array.from({ length: Math.min(setup.topK, setup.classes.length) }, (_, rank) => [
    classes[rank]?.name ?? '',
    classes[rank]?.probability ?? '',
  ]);
  const fields = [key, sha256, answered_by ?? '', error?.code ?? '', ...ranked.flat()];
  return `${fields.map((field) => quoted(String(field))).join(',')}\r\n`;
}

/** RFC 4180. */
const quoted = (field: string): string =>
  /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
