import { StrataError } from '../../contract/errors.js';
import type { IdKind } from '../store/ids.js';

/** Names have any characters, and cursors must not. */
export const cursorOfName = (name: string): string => `name_${Buffer.from(name).toString('base64url')}`;

/** The name after which a page of names begins; null for the first page. @throws StrataError invalid_cursor */
export function nameAfter(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const name = Buffer.from(cursor.replace(/^name_/, ''), 'base64url').toString();
  return cursorOfName(name) === cursor && !name.includes('\0') ? name : refuse(cursorOfName('digits'));
}

/**
 * The id after which a page begins; null for the first page.
 * @param others ids of that list in another form, names of built-in datasets for one
 * @throws StrataError invalid_cursor for a cursor of another list: as a place in this one it would lead to the first
 * page again and again
 */
export function placeAfter(
  cursor: string | undefined,
  kind: IdKind,
  others: readonly string[] = [],
): string | null {
  if (cursor === undefined) return null;
  if (new RegExp(`^${kind}_[0-9a-f]{24}$`).test(cursor) || others.includes(cursor)) return cursor;
  return refuse(`${kind}_0193e4f1a2b8c9d0e1f2a3b4`);
}

function refuse(example: string): never {
  const message = `Must be the \`next\` of a page of this list, like \`${example}\`.`;
  throw new StrataError('invalid_cursor', undefined, {
    errors: [{ in: 'query', pointer: '/after', message }],
  });
}
