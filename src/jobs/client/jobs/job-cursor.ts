import { StrataError } from '../../../contract/errors.js';
import type { JobPlace } from '../../store/job-list.js';
import type { Job } from '../../store/rows.js';
import { placeAfter } from '../cursor.js';

type Order = JobPlace['by'];

/** The id, or `<accuracy>_<id>`: the position stays valid even if the job is deleted. */
export function cursorOf({ id, result }: Job, order: Order): string {
  return order === 'accuracy' ? `${result?.test_accuracy}_${id}` : id;
}

/** @throws StrataError invalid_cursor for a text that `cursorOf` did not make in this order */
export function placeOf(cursor: string | undefined, order: Order): JobPlace | null {
  if (cursor === undefined) return null;
  if (order === 'created_at') {
    const id = placeAfter(cursor, 'job');
    return id === null ? null : { by: order, id };
  }
  const [, text = '', id = ''] = /^([^_]+)_(job_[0-9a-f]{24})$/.exec(cursor) ?? [];
  if (id !== '' && Number.isFinite(Number(text))) return { by: order, value: Number(text), id };
  const message = `Must be the \`next\` of a list in the order ${order}.`;
  throw new StrataError('invalid_cursor', undefined, {
    errors: [{ in: 'query', pointer: '/after', message }],
  });
}
