export interface MemoizeOptions<Value> {
  /** Values kept at a time. Once there are more, all are forgotten: a value that is asked for still is made again. */
  readonly max: number;
  /** Makes a value anew once it is older than this, by a clock that never goes back; absent: never. */
  readonly age?: { readonly ms: number; readonly now: () => number };
  /** Whether a value is kept once it is known; absent: every value is. */
  readonly keeps?: (value: Awaited<Value>) => boolean;
}

interface Entry<Value> {
  readonly value: Value;
  readonly madeAt: number;
}

/**
 * Keeps what a function gave for each key. Callers that ask while a promise is open share it, and one that fails is forgotten.
 * @param make pure but for time: it may read what changes, within the age that is given
 */
export function memoize<Value>(make: () => Value, options: MemoizeOptions<Value>): () => Value;
export function memoize<Key, Value>(
  make: (key: Key) => Value,
  options: MemoizeOptions<Value>,
): (key: Key) => Value;
export function memoize<Key, Value>(
  make: (key: Key) => Value,
  { max, age, keeps = () => true }: MemoizeOptions<Value>,
): (key: Key) => Value {
  const kept = new Map<string, Entry<Value>>();
  return (key) => {
    // Keys are data that JSON tells apart; undefined stands for the one key of a function without any.
    const text = JSON.stringify(key) ?? '';
    const now = age?.now() ?? 0;
    const known = kept.get(text);
    if (known && now - known.madeAt < (age?.ms ?? 1)) return known.value;
    const entry = { value: make(key), madeAt: now };
    if (!kept.has(text) && kept.size >= max) kept.clear();
    kept.set(text, entry);
    const forget = () => {
      if (kept.get(text) === entry) kept.delete(text);
    };
    if (entry.value instanceof Promise) {
      entry.value.then((value) => keeps(value) || forget(), forget);
    } else if (!keeps(entry.value as Awaited<Value>)) forget();
    return entry.value;
  };
}
