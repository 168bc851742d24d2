import { Prisma } from '../generated/client.js';

/**
 * A whole number in the text of a statement. With it as a parameter, Postgres would plan a statement about old rows anew
 * at each call: it knows that few rows are so old only when it knows the number.
 */
export function wholeNumber(value: number): Prisma.Sql {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no whole number`);
  return Prisma.raw(String(value));
}
