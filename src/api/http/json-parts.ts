/** A value of a JSON document, with the name under which an object holds it; without one it is empty. */
export type JsonPart = readonly [value: unknown, name: string];

/** Every value of a JSON document, itself first. It keeps its own stack: a document may be nested as deep as it is long. */
export function* partsOf(document: unknown): Generator<JsonPart> {
  const stack: JsonPart[] = [[document, '']];
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    yield part;
    const [value] = part;
    if (Array.isArray(value)) for (const item of value) stack.push([item, '']);
    else if (typeof value === 'object' && value !== null) {
      for (const [name, child] of Object.entries(value)) stack.push([child, name]);
    }
  }
}

/** Whether the document has so few values; a longer one is not read to its end. */
export function hasAtMostParts(document: unknown, max: number): boolean {
  if (Array.isArray(document) && document.length > max) return false;
  let count = 0;
  for (const _ of partsOf(document)) if (++count > max) return false;
  return true;
}

/** A copy of a JSON value, with null for whatever lies deeper than `depth`: a body may be nested 100,000 times. */
export function copyOf(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return null;
  if (Array.isArray(value)) return value.map((item) => copyOf(item, depth - 1));
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copyOf(item, depth - 1)]));
}
