import { setTimeout as delay } from 'node:timers/promises';

/**
 * Lets callers share reads without reading anything old: each gets the answer of a read that began after it asked. While one
 * read is under way, the next gathers whoever asks meanwhile, so however many ask there are never more than two.
 * @param read for the keys of all that wait for it, each once
 * @param rest how many times as long as a read took none follows it: 4 bounds what reads cost to a fifth of the time
 */
export function readTogether<Key, Answer>(
  read: (keys: readonly Key[]) => Promise<Answer>,
  rest = 0,
): (keys: readonly Key[]) => Promise<Answer> {
  let gathering: { readonly keys: Set<Key>; readonly answer: Promise<Answer> } | null = null;
  /** Settles when another read may begin. */
  let free: Promise<void> = Promise.resolve();
  const begin = () => {
    const keys = new Set<Key>();
    const answer = free.then(() => {
      gathering = null;
      return read([...keys]);
    });
    free = free.then(() => restAfter(answer, rest));
    return { keys, answer };
  };
  return (keys) => {
    gathering ??= begin();
    for (const key of keys) gathering.keys.add(key);
    return gathering.answer;
  };
}

async function restAfter(read: Promise<unknown>, times: number): Promise<void> {
  const started = performance.now();
  await read.catch(() => undefined);
  if (times > 0) await delay(times * (performance.now() - started));
}
