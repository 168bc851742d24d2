// The API in a process of its own, which a test can kill: DATABASE_URL, REDIS_URL, BLOB_URL, STRATA_HOME, DASHBOARD, PORT.
import { buildApp } from '../../src/api/app.js';
import { createJobsService } from '../../src/jobs/client/service.js';

const setting = (name: string): string => process.env[name] ?? '';
const service = await createJobsService({
  databaseUrl: setting('DATABASE_URL'),
  redisUrl: setting('REDIS_URL'),
  blobUrl: setting('BLOB_URL'),
  home: setting('STRATA_HOME'),
});
const app = await buildApp(service, {
  logLevel: 'silent',
  loopback: true,
  requestsPerMinute: 0,
  dashboard: setting('DASHBOARD'),
});
const url = await app.listen({ host: '127.0.0.1', port: Number(setting('PORT')) });
process.send?.({ url });
