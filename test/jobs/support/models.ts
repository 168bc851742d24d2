import { randomUUID } from 'node:crypto';
import type pg from 'pg';

export interface ModelColumns {
  readonly id?: string;
  readonly name?: string;
  readonly accuracy?: number;
  readonly metadata?: object;
  readonly dataset?: string;
  readonly createdAt?: string;
}

/** Lets a job succeed on paper and gives it a model, without files. @returns the model's id */
export async function insertModel(sql: pg.Pool, jobId: string, columns: ModelColumns = {}): Promise<string> {
  const { id = `model_${randomUUID().replaceAll('-', '')}`, name = 'digits', accuracy = 0.5 } = columns;
  const { metadata = {}, dataset = 'mnist', createdAt = new Date().toISOString() } = columns;
  const result = { test_accuracy: accuracy, test_loss: 1 };
  await sql.query(`UPDATE job SET state = 'succeeded', finished_at = now(), result = $2 WHERE id = $1`, [
    jobId,
    result,
  ]);
  await sql.query(
    `INSERT INTO model (id, tenant, name, metadata, job_id, dataset_id, dataset_name, storage, classes, image, accuracy, serving,
       created_at)
     SELECT $1, tenant, $2, $3, id, $4, $4, 'pixels', '["0","1"]', '{"height":28,"width":28,"channels":1}', $5, '{}', $6
     FROM job WHERE id = $7`,
    [id, name, metadata, dataset, accuracy, createdAt, jobId],
  );
  return id;
}
