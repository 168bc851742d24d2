import type { BlobUri } from '../../contract/trainer-protocol.js';
import { COLUMNS } from './columns.js';
import { flag, type RowOf, text, time } from './connection/column.js';
import type { Queryable } from './connection/database.js';
import { wholeNumber } from './connection/literal.js';
import { statement } from './connection/statement.js';
import { Prisma } from './generated/client.js';

const horizonOf = statement('garbage-horizon', { time });

/**
 * No attempt whose result may still be recorded has stored a blob before this time. @param graceMs maximum
 * difference between the clocks of the hosts
 */
export async function garbageHorizon(db: Queryable, graceMs: number): Promise<Date> {
  const horizon = await horizonOf.only(
    db,
    Prisma.sql`
    SELECT least(now(), min(started_at)) - ${graceMs} * interval '1 millisecond' AS "time"
    FROM (SELECT started_at FROM task WHERE state = 'running'
      UNION ALL SELECT started_at FROM dataset_import WHERE lease_until IS NOT NULL
      UNION ALL SELECT started_at FROM evaluation_part WHERE lease_until IS NOT NULL
      UNION ALL SELECT started_at FROM batch_part WHERE uri IS NULL AND lease_until IS NOT NULL) AS attempt`,
  );
  return horizon.time;
}

const REFERENCE = {
  uri: COLUMNS.checkpoint.uri,
  /** Whether the blob is the manifest of a dataset, which refers to further blobs. */
  isManifest: flag,
};
export type Reference = RowOf<typeof REFERENCE>;
const held = statement('held-references', REFERENCE);

/**
 * The blobs that unfinished jobs, sweeps, evaluations and batch predictions refer to, in one snapshot. Nobody reads the
 * outputs of an ended job's tasks any more.
 */
export function readHeldReferences(db: Queryable): Promise<Reference[]> {
  return held.rows(
    db,
    Prisma.sql`
    SELECT output.value->>'uri' AS uri, output.key = 'dataset' AS "isManifest" FROM task JOIN job ON job.id = task.job_id
      CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(task.outputs) WHEN 'object' THEN task.outputs ELSE '{}' END) AS output
      WHERE job.finished_at IS NULL AND output.value->>'uri' LIKE 'sha256:%'
    UNION SELECT initial.uri, false FROM job CROSS JOIN LATERAL jsonb_array_elements_text(job.initial) AS initial(uri)
      WHERE job.finished_at IS NULL AND jsonb_typeof(job.initial) = 'array'
    UNION SELECT output.value->>'uri', false FROM job
      CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(job.carried) WHEN 'object' THEN job.carried->'outputs' ELSE '{}' END) AS task
      CROSS JOIN LATERAL jsonb_each(task.value) AS output
      WHERE job.finished_at IS NULL
    UNION SELECT initial.uri, false FROM sweep JOIN sweep_trial ON sweep_id = sweep.id
      CROSS JOIN LATERAL jsonb_array_elements_text(sweep_trial.job->'initial') AS initial(uri)
      WHERE sweep.finished_at IS NULL AND jsonb_typeof(sweep_trial.job->'initial') = 'array'
    UNION SELECT file.uri, false FROM batch_prediction CROSS JOIN LATERAL jsonb_each_text(setup->'pictures') AS file(name, uri)
      WHERE finished_at IS NULL AND jsonb_typeof(setup->'pictures') = 'object'
    UNION SELECT input.uri, input.name = 'dataset' FROM evaluation
      CROSS JOIN LATERAL jsonb_each_text(setup->'assembly'->'inputs') AS input(name, uri)
      WHERE finished_at IS NULL AND jsonb_typeof(setup->'assembly'->'inputs') = 'object'`,
  );
}

const UNLISTED = { datasetId: text, uri: COLUMNS.datasetBlob.uri };
/** The manifest of a dataset whose blobs are not in `dataset_blob` yet. */
export type UnlistedManifest = RowOf<typeof UNLISTED>;
const unlisted = statement('unlisted-manifests', UNLISTED);

/** A page of the manifests that are new since the last garbage collection, by the id of their dataset. */
export function findUnlistedManifests(
  db: Queryable,
  after: string,
  limit: number,
): Promise<UnlistedManifest[]> {
  return unlisted.rows(
    db,
    Prisma.sql`
    SELECT id AS "datasetId", 'sha256:' || sha256 AS uri FROM dataset
    WHERE sha256 IS NOT NULL AND listed_sha256 IS DISTINCT FROM sha256 AND id > ${after} ORDER BY id LIMIT ${wholeNumber(limit)}`,
  );
}

/** Lists the manifest and its blobs in `dataset_blob`, unless the dataset has another manifest by now. */
export async function listBlobs(
  db: Queryable,
  { datasetId, uri }: UnlistedManifest,
  parts: readonly BlobUri[],
): Promise<void> {
  const sha256 = uri.slice('sha256:'.length);
  const uris = [uri, ...parts];
  await db.$executeRaw`
    WITH listed AS (
      UPDATE dataset SET listed_sha256 = ${sha256} WHERE id = ${datasetId} AND sha256 = ${sha256} RETURNING id
    ), replaced AS (
      -- Blobs of the dataset's last manifest.
      DELETE FROM dataset_blob USING listed WHERE dataset_id = listed.id AND uri <> ALL (${uris})
    )
    INSERT INTO dataset_blob (dataset_id, uri)
    SELECT DISTINCT listed.id, named.uri FROM listed, unnest(${uris}::text[]) AS named(uri)
    ON CONFLICT DO NOTHING`;
}

const among = statement('references-among', { uri: COLUMNS.checkpoint.uri });

/** Selects the blobs that other rows refer to, each through an index. */
export async function referencesAmong(db: Queryable, uris: readonly BlobUri[]): Promise<BlobUri[]> {
  const hashes = uris.map((uri) => uri.slice('sha256:'.length));
  const rows = await among.rows(
    db,
    Prisma.sql`
    SELECT 'sha256:' || sha256 AS uri FROM artifact WHERE sha256 = ANY (${hashes})
    UNION SELECT uri FROM checkpoint WHERE uri = ANY (${uris})
    UNION SELECT uri FROM dataset_blob WHERE uri = ANY (${uris})
    UNION SELECT uri FROM weights WHERE uri = ANY (${uris})
    UNION SELECT uri FROM model_state WHERE uri = ANY (${uris})
    UNION SELECT 'sha256:' || expected FROM reproduction WHERE expected = ANY (${hashes})
    UNION SELECT uri FROM evaluation_part WHERE uri = ANY (${uris})
    UNION SELECT uri FROM batch_part WHERE uri = ANY (${uris})
    UNION SELECT errors_uri FROM batch_part WHERE errors_uri = ANY (${uris})
    UNION SELECT predictions_uri FROM evaluation WHERE predictions_uri = ANY (${uris})
    UNION SELECT asked.uri FROM unnest(${uris}::text[]) AS asked(uri) WHERE EXISTS (
      SELECT FROM model WHERE serving @> jsonb_build_object('full', asked.uri)
        OR serving @> jsonb_build_object('compact', asked.uri))
    UNION SELECT asked.uri FROM unnest(${uris}::text[]) AS asked(uri) WHERE EXISTS (
      SELECT FROM evaluation WHERE serving @> jsonb_build_object('full', asked.uri)
        OR serving @> jsonb_build_object('compact', asked.uri))`,
  );
  return rows.map(({ uri }) => uri);
}
