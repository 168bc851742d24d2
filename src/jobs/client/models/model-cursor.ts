import { StrataError } from '../../../contract/errors.js';
import type { ModelPlace, ModelRow } from '../../store/models.js';

type Order = ModelPlace['by'];

/** `<sort value>_<id>`: the position stays valid even if the model is deleted. */
export function cursorOf({ id, accuracy, createdAt }: ModelRow, order: Order): string {
  return `${order === 'accuracy' ? accuracy : createdAt.toISOString()}_${id}`;
}

/** @throws StrataError invalid_cursor for a text that `cursorOf` did not make in this order */
export function placeOf(cursor: string, order: Order): ModelPlace {
  const [, text = '', id = ''] = /^([^_]+)_(model_\w+)$/.exec(cursor) ?? [];
  if (id !== '' && order === 'accuracy' && Number.isFinite(Number(text))) {
    return { by: order, value: Number(text), id };
  }
  if (id !== '' && order === 'created_at' && /^\d{4}-.+Z$/.test(text) && !Number.isNaN(Date.parse(text))) {
    return { by: order, value: new Date(text), id };
  }
  const message = `Must be the \`next\` of a list in the order ${order}.`;
  throw new StrataError('invalid_cursor', undefined, {
    errors: [{ in: 'query', pointer: '/after', message }],
  });
}
