import type { Queryable } from './connection/database.js';
import { Prisma } from './generated/client.js';
import { newId } from './ids.js';
import { type Fence, giveBack } from './leases.js';

/** Tables of parts: some images each, which a worker takes at a time. */
export type PartTable = 'evaluation_part' | 'batch_part';

/** Attempts of a part so far. */
export interface Tries {
  readonly failures: number;
  /** Outages of its host in a row. */
  readonly outages: number;
}

export interface NewPart {
  readonly id: string;
  readonly number: number;
  readonly first: number;
  readonly count: number;
}

/** Cuts the images of a run into parts, in order. */
export function cutIntoParts(images: number, imagesPerPart: number): NewPart[] {
  return Array.from({ length: Math.ceil(images / imagesPerPart) }, (_, number) => {
    const first = number * imagesPerPart;
    return { id: newId('part'), number, first, count: Math.min(imagesPerPart, images - first) };
  });
}

/** Gives a claim back for another attempt. @returns false for a stale attempt */
export function releasePart(
  db: Queryable,
  table: PartTable,
  fence: Fence,
  { failures, outages, waitMs }: Tries & { readonly waitMs: number },
): Promise<boolean> {
  return giveBack(db, table, fence, waitMs, Prisma.sql`failures = ${failures}, outages = ${outages}`);
}
