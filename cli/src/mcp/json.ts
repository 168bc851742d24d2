export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object at this place; an empty one where there is none. */
export const objectAt = (value: Json, key: string): Json => {
  const found = value[key];
  return isObject(found) ? found : {};
};

export const textAt = (value: Json, key: string): string => {
  const found = value[key];
  return typeof found === 'string' ? found : '';
};
