import { isObject } from '../../contract/is-object.js';
import type { Parameters, ParameterValue } from './types.js';

type Fields = { readonly [name: string]: unknown };

/** A copy of a job with other values at these JSON pointers. A field that is null on the way becomes an object. */
export function withValues(job: object, values: Parameters): Fields {
  let changed: Fields = { ...job };
  for (const [pointer, value] of Object.entries(values)) {
    changed = withValue(changed, pointer.split('/').slice(1), value);
  }
  return changed;
}

function withValue(fields: Fields, [name = '', ...rest]: readonly string[], value: ParameterValue): Fields {
  if (rest.length === 0) return { ...fields, [name]: value };
  const inner = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return { ...fields, [name]: withValue(isObject(inner) ? inner : {}, rest, value) };
}
