// Lower bound: a route that stores one row of the size of a job and answers its id.
import { randomUUID } from 'node:crypto';
import Fastify from 'fastify';
import pg from 'pg';

/** The same number as the API has. */
const CONNECTIONS = 8;

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL ?? '', max: CONNECTIONS });
const body = JSON.stringify({ text: 'x'.repeat(Number(process.env.ROW_BYTES)) });
await pool.query(
  'CREATE TABLE IF NOT EXISTS bare (id text PRIMARY KEY, body jsonb NOT NULL, at timestamptz DEFAULT now())',
);
const app = Fastify();
app.post('/rows', async (_, reply) => {
  const id = randomUUID();
  await pool.query('INSERT INTO bare (id, body) VALUES ($1, $2)', [id, body]);
  return reply.code(201).send({ id });
});
const url = await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ url });
process.once('SIGTERM', async () => {
  await app.close();
  await pool.end();
  process.disconnect?.();
});
