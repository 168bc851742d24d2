import {
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
} from '@aws-sdk/client-s3';
import type { Connection } from './connection.js';

/** One version of an object. A deletion without a version, which is never ours, leaves a marker as one. */
export interface Version {
  readonly key: string;
  readonly versionId: string;
  readonly isLatest: boolean;
  readonly modified: Date;
}

const DELETED_AT_ONCE = 1_000;

export async function isVersioned({ client, place, ask }: Connection): Promise<boolean> {
  const { Status } = await ask(() => client.send(new GetBucketVersioningCommand({ Bucket: place.bucket })));
  return Status === 'Enabled';
}

/** Every version of every object whose key starts with `prefix`, a page at a time, ordered by key. */
export async function* versionsOf(
  { client, place, ask }: Connection,
  prefix: string,
): AsyncGenerator<readonly Version[]> {
  let after: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const page = await ask(() =>
      client.send(new ListObjectVersionsCommand({ Bucket: place.bucket, Prefix: prefix, ...after })),
    );
    const rows = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    yield rows.flatMap(({ Key, VersionId, IsLatest, LastModified }) =>
      Key === undefined || LastModified === undefined
        ? []
        : [{ key: Key, versionId: VersionId ?? 'null', isLatest: IsLatest ?? false, modified: LastModified }],
    );
    if (!page.IsTruncated) return;
    after = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

/** Deletes exactly these versions; one that is put meanwhile stays. */
export async function deleteVersions(
  { client, place, ask }: Connection,
  versions: readonly Version[],
): Promise<void> {
  for (let start = 0; start < versions.length; start += DELETED_AT_ONCE) {
    const page = versions.slice(start, start + DELETED_AT_ONCE);
    const Objects = page.map(({ key, versionId }) => ({ Key: key, VersionId: versionId }));
    await ask(async () => {
      const { Errors } = await client.send(
        new DeleteObjectsCommand({ Bucket: place.bucket, Delete: { Objects, Quiet: true } }),
      );
      const failed = Errors?.find(({ Code }) => Code !== 'NoSuchVersion' && Code !== 'NoSuchKey');
      if (failed)
        throw Object.assign(new Error(failed.Message ?? `${failed.Key} was not deleted`), {
          code: failed.Code,
        });
    });
  }
}

/** Deletes all versions of all objects whose key starts with `prefix`. */
export async function deletePrefix(connection: Connection, prefix: string): Promise<void> {
  for await (const page of versionsOf(connection, prefix)) await deleteVersions(connection, page);
}

/**
 * The time before which an object was surely not put again: some stores give times in whole seconds, rounded down.
 */
export function touchedBy({ modified }: Version): Date {
  const SECOND_MS = 1_000;
  return modified.getMilliseconds() === 0 ? new Date(modified.getTime() + SECOND_MS - 1) : modified;
}
