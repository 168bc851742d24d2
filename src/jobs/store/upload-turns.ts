import { TURN_MS, type UploadTurns } from '../../contract/client/uploads.js';
import { flag, text } from './connection/column.js';
import type { Database } from './connection/database.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

const FREE = Prisma.sql`(holder IS NULL OR holder_until < now())`;
const UNTIL = Prisma.sql`now() + ${TURN_MS} * interval '1 millisecond'`;

const taken = statement('take-upload', { taken: flag });
const kept = statement('keep-upload', { wanted: flag });
const active = statement('active-uploads', { id: text });

/** Turns at uploads in pieces, which several API processes may receive. The clock is that of Postgres. */
export function uploadTurns(db: Database): UploadTurns {
  return {
    async take(id, holder) {
      const row = await taken.first(
        db,
        Prisma.sql`UPDATE upload SET used_at = now(), wanted = NOT ${FREE},
          holder = CASE WHEN ${FREE} THEN ${holder} ELSE holder END,
          holder_until = CASE WHEN ${FREE} THEN ${UNTIL} ELSE holder_until END
          WHERE id = ${id} RETURNING holder = ${holder} AS taken`,
      );
      return row?.taken ?? null;
    },
    async keep(id, holder) {
      const row = await kept.first(
        db,
        Prisma.sql`UPDATE upload SET used_at = now(), holder_until = ${UNTIL}
          WHERE id = ${id} AND holder = ${holder} RETURNING wanted`,
      );
      return row !== null && !row.wanted;
    },
    async release(id, holder) {
      await db.upload.updateMany({
        where: { id, holder },
        data: { holder: null, holderUntil: null, wanted: false },
      });
    },
    async findActive(ms) {
      const since = Prisma.sql`now() - ${ms}::float8 * interval '1 ms'`;
      const rows = await active.rows(db, Prisma.sql`SELECT id FROM upload WHERE used_at > ${since}`);
      return new Set(rows.map(({ id }) => id));
    },
  };
}
