/**
 * Location of bytes. `sha256:<hex>` is a content-addressed blob, shared and immutable.
 * `spool:<job>/<task>-a<attempt>/<name>` is a file that belongs to one attempt and is deleted after it was
 * consumed.
 */
export type BlobUri = `sha256:${string}` | `spool:${string}`;
