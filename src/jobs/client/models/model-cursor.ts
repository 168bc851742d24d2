import { StrataError } from '../../../contract/errors.js';
import type { ModelPlace, ModelRow } from '../../store/models.js';

type Order = ModelPlace['by'];

/** `<what the list is sorted by>_<id>`: the place stays, whatever becomes of the model. */
export function cursorOf({ id, accuracy, createdAt }: ModelRow, order: Order): string {
  return `${order === 'accuracy' ? accuracy : createdAt.toISOString()}_${id}`;
}

/** @throws StrataError invalid_cursor for what `cursorOf` did not make in that order */
export function placeOf(cursor: string, order: Order): ModelPlace {
  const [, text = '', id = ''] = /^([^_]+)_(\w+)$/.exec(cursor) ?? [];
  if (id !== '' && order === 'accuracy' && Number.isFinite(Number(text))) {
    return { by: order, value: Number(text), id };
  }
  if (id !== '' && order === 'created_at' && /^\d{4}-.+Z$/.test(text) && !Number.isNaN(Date.parse(text))) {
    return { by: order, value: new Date(text), id };
  }
  const message = `it is no \`next\` of a list ordered by ${order}`;
  throw new StrataError('invalid_cursor', undefined, {
    errors: [{ in: 'query', pointer: '/after', message }],
  });
}
