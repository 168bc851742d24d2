import { CliError, EXIT } from './exit.js';

/** Newest things that a part of an id is looked for in. */
const LOOKED_AT = 1_000;
const FULL = /^[a-z]+_[0-9a-f]{24}$/;

/**
 * The id that `text` is, or is an unambiguous part of.
 * @param newest things of this kind, newest first
 */
export async function idOf(
  kind: string,
  text: string,
  newest: () => AsyncIterable<{ readonly id: string }>,
): Promise<string> {
  if (FULL.test(text)) return text;
  const found: string[] = [];
  let count = 0;
  for await (const { id } of newest()) {
    if (id === text) return id;
    if (id.includes(text)) found.push(id);
    count += 1;
    if (count >= LOOKED_AT) break;
  }
  const [only, ...others] = found;
  if (only === undefined)
    throw new CliError(EXIT.failed, `No ${kind} among the newest ${LOOKED_AT} has '${text}' in its id.`);
  if (others.length > 0)
    throw new CliError(
      EXIT.usage,
      `'${text}' is a part of ${found.length} ids: ${found.slice(0, 5).join(', ')}${found.length > 5 ? ', …' : ''}`,
      'Give more of the id.',
    );
  return only;
}
