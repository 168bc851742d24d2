/**
 * Parses a query string. `metadata[team]=vision` becomes a nested object (the contract's deepObject style), and a
 * repeated name becomes a list. Objects have no prototype, so no parameter name can reach one.
 */
export function parseQuery(text: string): Record<string, unknown> {
  const query: Record<string, unknown> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text)) {
    const [, parent, child] = /^(\w+)\[(.*)\]$/s.exec(name) ?? [];
    if (parent === undefined || child === undefined) append(query, name, value);
    else append(childOf(query, parent), child, value);
  }
  return query;
}

function childOf(query: Record<string, unknown>, name: string): Record<string, unknown> {
  const present = query[name];
  if (typeof present === 'object' && present !== null && !Array.isArray(present)) {
    return present as Record<string, unknown>;
  }
  const created: Record<string, unknown> = Object.create(null);
  query[name] = created;
  return created;
}

function append(target: Record<string, unknown>, name: string, value: string): void {
  const present = target[name];
  if (present === undefined) target[name] = value;
  else target[name] = Array.isArray(present) ? [...present, value] : [present, value];
}
