import { inBulk } from '../bulk.js';

export interface HistorySizes {
  /** Jobs that `fillTables` left, finished. */
  readonly jobs: number;
  readonly tasksPerJob: number;
  /** Every how many jobs have rows in the other tables. */
  readonly every: number;
}

/**
 * Gives the finished jobs of `fillTables` what such jobs leave behind: tasks with their outputs and dependencies, and
 * for some of them events, files, models, checkpoints, keys, deliveries and exports. Nothing of it is to be done.
 */
export async function fillHistory(databaseUrl: string, { jobs, tasksPerJob, every }: HistorySizes) {
  await inBulk(databaseUrl, ['task'], async (client) => {
    await client.query(tasks(jobs, tasksPerJob));
  });
  // The other rows are found through the tasks' indexes.
  await inBulk(databaseUrl, [], async (client) => {
    for (const text of others(jobs, every)) await client.query(text);
  });
}

const JOB = (n: string): string => `'job_' || lpad(to_hex(${n}), 24, '0')`;
const HASH = (n: string): string => `md5(${n}::text) || md5('x' || ${n})`;

function tasks(jobs: number, perJob: number): string {
  return `INSERT INTO task (id, job_id, tenant, key, position, kind, state, waiting, inputs, weight, outputs, attempt,
       has_spool, started_at, finished_at, due_at)
     SELECT 'task_' || lpad(to_hex(j * ${perJob} + p), 24, '0'), ${JOB('j')}, 'ours', 'stage-' || p, p, 'stage',
       CASE WHEN j % 50 = 0 AND p = ${perJob - 1} THEN 'cancelled' ELSE 'succeeded' END, 0, '{}', 1,
       jsonb_build_object('state', jsonb_build_object('uri', 'sha256:' || ${HASH('j')})), 1, false, now(), now(), now()
     FROM generate_series(1, ${jobs}) AS j, generate_series(0, ${perJob - 1}) AS p`;
}

function others(jobs: number, every: number): string[] {
  const series = `generate_series(${every}, ${jobs}, ${every}) AS j`;
  const sealed = `'{}'::jsonb`;
  return [
    `INSERT INTO task_dependency (task_id, needs_id)
     SELECT later.id, earlier.id FROM ${series} JOIN task later ON later.job_id = ${JOB('j')}
     JOIN task earlier ON earlier.job_id = later.job_id AND earlier.position = later.position - 1`,
    `INSERT INTO checkpoint (task_id, attempt, step, share, uri, size_bytes)
     SELECT id, 1, 1, 0.5, 'sha256:' || ${HASH('j')}, 1 FROM ${series} JOIN task ON job_id = ${JOB('j')} AND position = 0`,
    `INSERT INTO event (job_id, seq, level, type, message, data, task)
     SELECT ${JOB('j')}, s, 'info', 'task.succeeded', '', ${sealed}, 'stage-' || s FROM ${series}, generate_series(1, 4) AS s`,
    `INSERT INTO log_line (job_id, seq, task, attempt, number, stream, text, at)
     SELECT ${JOB('j')}, s, 'stage-0', 1, s, 'stdout', '', now() FROM ${series}, generate_series(1, 2) AS s`,
    `INSERT INTO model (id, tenant, name, metadata, job_id, dataset_id, dataset_name, storage, classes, image, accuracy,
       serving)
     SELECT 'model_' || lpad(to_hex(j), 24, '0'), job.tenant, 'model-' || j, job.metadata, job.id, 'mnist', 'mnist',
       'pixels', '[]', '{}', 0.5, jsonb_build_object('full', 'sha256:' || ${HASH('j')})
     FROM ${series} JOIN job ON job.id = ${JOB('j')}`,
    `INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256, model_id)
     SELECT 'artifact_' || lpad(to_hex(j), 24, '0'), ${JOB('j')}, 'full/model.onnx', 'model', '', 1, ${HASH('j')},
       'model_' || lpad(to_hex(j), 24, '0') FROM ${series}`,
    `INSERT INTO model_state (model_id, name, uri, size_bytes)
     SELECT 'model_' || lpad(to_hex(j), 24, '0'), 'state', 'sha256:' || ${HASH('j')}, 1 FROM ${series}`,
    `INSERT INTO reproduction (id, tenant, model_id, job_id, expected, equal, finished_at)
     SELECT 'reproduction_' || lpad(to_hex(j), 24, '0'), 'ours', 'model_' || lpad(to_hex(j), 24, '0'), ${JOB('j')}, ${HASH('j')}, true,
       now() FROM ${series}`,
    `INSERT INTO model_version (tenant, model_name, version, model_id) SELECT tenant, name, 1, id FROM model ON CONFLICT DO NOTHING`,
    `INSERT INTO evaluation (id, tenant, model_id, model_name, variant, dataset_id, dataset_name, dataset_sha256, split, tta,
       images, setup, parts, state, predictions_uri, finished_at)
     SELECT 'evaluation_' || lpad(to_hex(j), 24, '0'), 'ours', 'model_' || lpad(to_hex(j), 24, '0'), 'model', 'full', 'mnist',
       'mnist', ${HASH('j')}, 'test', 'none', 1, '{}', 2, 'succeeded', 'sha256:' || ${HASH('j')}, now() FROM ${series}`,
    `INSERT INTO batch_prediction (id, tenant, model_id, model_name, variant, dataset_id, dataset_name, dataset_sha256, split,
       total, done, max_failed_share, setup, state, finished_at)
     SELECT 'batch_' || lpad(to_hex(j), 24, '0'), 'tenant-' || j % 1000, 'model_' || lpad(to_hex(j), 24, '0'), 'model', 'full',
       'mnist', 'mnist', ${HASH('j')}, 'test', 1, 1, 0.01, '{}', 'succeeded', now() FROM ${series}`,
    `INSERT INTO batch_part (id, batch_id, tenant, number, first, count, uri)
     SELECT 'part_' || lpad(to_hex(j), 24, '0'), 'batch_' || lpad(to_hex(j), 24, '0'), 'tenant-' || j % 1000, 0, 0, 1,
       'sha256:' || ${HASH('j')} FROM ${series}`,
    `INSERT INTO promotion (id, tenant, model_name, alias, version, model_id, state, evidence, approvals, finished_at)
     SELECT 'promotion_' || lpad(to_hex(j), 24, '0'), 'ours', 'model-' || j, 'production', 1, 'model_1', 'applied', '[]', '[]',
       now() FROM ${series}`,
    `INSERT INTO model_tag (tenant, model_name, tag, model_id)
     SELECT tenant, name, 'candidate', id FROM model WHERE right(id, 1) = '0'`,
    `INSERT INTO tag_change (id, tenant, model_name, tag, model_id)
     SELECT 'tagchange_' || id, tenant, name, 'candidate', id FROM model`,
    `INSERT INTO idempotency_key (tenant, key, body_hash, job_id) SELECT 'ours', 'key-' || j, '', ${JOB('j')} FROM ${series}`,
    `INSERT INTO webhook (id, tenant, url, events, secret)
     SELECT 'webhook_' || j, 'tenant-' || j, 'https://example.com/', '[]', '' FROM ${series}`,
    `INSERT INTO webhook_delivery (id, webhook_id, tenant, type, message, state, attempts, due_at, finished_at)
     SELECT 'delivery_' || lpad(to_hex(j), 24, '0'), 'webhook_' || j, 'tenant-' || j, 'job.succeeded', '{}', 'succeeded', 1, now(), now() FROM ${series}`,
    `INSERT INTO tracker_export (id, job_id, tenant, type, tracking_uri, experiment, state, finished_at)
     SELECT 'tracker_' || lpad(to_hex(j), 24, '0'), ${JOB('j')}, 'ours', 'mlflow', '', '', 'succeeded', now() FROM ${series}`,
    `INSERT INTO model_push (id, model_id, tenant, target, url, variant, state, finished_at)
     SELECT 'push_' || lpad(to_hex(j), 24, '0'), 'model_' || lpad(to_hex(j), 24, '0'), 'ours', 'mlflow', '', 'full', 'succeeded', now() FROM ${series}`,
    `INSERT INTO dataset (id, tenant, name, built_in, state, classes, train_count, test_count, augmentation, problems, sha256,
       listed_sha256)
     SELECT 'dataset_' || lpad(to_hex(j), 24, '0'), 'tenant-' || j, 'set', false, 'ready', '[]', 1, 1, '{}', '[]',
       ${HASH('j')}, ${HASH('j')} FROM ${series}`,
    `INSERT INTO dataset_blob (dataset_id, uri)
     SELECT 'dataset_' || lpad(to_hex(j), 24, '0'), 'sha256:' || ${HASH('(j + part)')}
     FROM ${series}, generate_series(0, 4) AS part`,
    `INSERT INTO api_key (id, tenant, name, scopes, secret_hash)
     SELECT 'key_' || lpad(to_hex(j), 24, '0'), 'tenant-' || j, '', '[]', '' FROM ${series}`,
    `INSERT INTO weights (id, tenant, layout, network, channels, classes, sha256, size_bytes, source, uri, stored_bytes)
     SELECT 'weights_' || lpad(to_hex(j), 24, '0'), 'tenant-' || j, 'torchvision', '{}', 3, 10, ${HASH('j')}, 1, 'upload',
       'sha256:' || ${HASH('j')}, 1 FROM ${series}`,
    `INSERT INTO profile (id, tenant, network, device_kind, spec, dataset, state, finished_at)
     SELECT 'profile_' || lpad(to_hex(j), 24, '0'), 'tenant-' || j, 'network', 'cpu', '{}', '{}', 'succeeded', now() FROM ${series}`,
  ];
}
