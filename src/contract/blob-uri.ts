/**
 * Where bytes lie: `sha256:<hex>` is a content-addressed blob, shared and immutable;
 * `spool:<job>/<task>-a<attempt>/<name>` is a file owned by one attempt, deleted once consumed.
 */
export type BlobUri = `sha256:${string}` | `spool:${string}`;
