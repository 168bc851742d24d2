/**
 * Keeps what a pure function has given, or one that opens something for a key. Once there are too many everything is forgotten:
 * what is asked for still is made again.
 * @param most kept at a time
 * @param key data that JSON tells apart
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
