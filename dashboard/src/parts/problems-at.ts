import { StrataProblem } from '../../../client/src/index.js';

/** Whether the pointer is that of a field, or of something within it, like one value of a list. */
const isWithin = (pointer: string, field: string): boolean =>
  pointer === field || pointer.startsWith(`${field}/`);

/** Problems of a field and of everything within it. */
export function problemsAt(error: unknown, field: string): string[] {
  if (!(error instanceof StrataProblem)) return [];
  return error.errors.filter(({ pointer }) => isWithin(pointer, field)).map(({ message }) => message);
}

/** The error, unless each of its problems belongs to one of these fields. */
export function notAt(error: unknown, fields: readonly string[]): unknown {
  if (!(error instanceof StrataProblem) || error.errors.length === 0) return error;
  const isShown = error.errors.every(({ pointer }) => fields.some((field) => isWithin(pointer, field)));
  return isShown ? null : error;
}
