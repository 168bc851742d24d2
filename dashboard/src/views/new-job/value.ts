/** A spec as it is sent: only what was set. */
export type SpecValue = { readonly [key: string]: unknown };

export function valueAt(spec: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as SpecValue)[key] : undefined),
    spec,
  );
}

/** A copy with one value set; undefined removes it, and objects that are empty then. */
export function withValue(spec: SpecValue, [key, ...rest]: readonly string[], value: unknown): SpecValue {
  if (key === undefined) return spec;
  const inner = rest.length === 0 ? value : withValue((spec[key] ?? {}) as SpecValue, rest, value);
  const isEmpty = rest.length > 0 && Object.keys(inner as SpecValue).length === 0;
  const { [key]: _, ...others } = spec;
  return inner === undefined || isEmpty ? others : { ...spec, [key]: inner };
}

/** JSON pointer of a path, as errors of the API name fields. */
export const pointerOf = (path: readonly string[]): string => path.map((key) => `/${key}`).join('');
