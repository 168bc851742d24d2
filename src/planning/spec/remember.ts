/**
 * Caches the results of a pure function, or of one that opens something for a key. When the cache is full, it is
 * cleared.
 * @param most maximum number of cached results
 * @param key data whose JSON differs for different keys
 */
export function remember<Key, Value>(most: number, make: (key: Key) => Value): (key: Key) => Value {
  const kept = new Map<string, Value>();
  return (key) => {
    const text = JSON.stringify(key);
    const known = kept.get(text);
    if (known !== undefined) return known;
    const value = make(key);
    if (kept.size >= most) kept.clear();
    kept.set(text, value);
    return value;
  };
}
