import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { OperationEntry } from '../../../src/api/openapi.js';
import { IMPORT_DEFAULTS } from '../../../src/contract/importer-protocol.js';
import { insertModel } from '../../jobs/support/models.js';
import { smallJob } from '../../jobs/support/specs.js';
import { checkJob, smallSweep } from '../../jobs/support/sweeps.js';
import type { LiveApi } from './live-api.js';

/**
 * Creates one resource of each kind that has an id, by the first part of its path, for the tenant `ours`. A new
 * resource of the contract fails these tests until it has a line here. null: it belongs to no tenant.
 */
export const MAKE: Record<string, ((live: LiveApi) => Promise<string>) | null> = {
  jobs: makeJob,
  async artifacts(live) {
    const id = `artifact_${randomUUID()}`;
    await live.strata.sql.query(
      `INSERT INTO artifact (id, job_id, name, kind, media_type, size_bytes, sha256)
       VALUES ($1, $2, 'report.json', 'report', 'application/json', 1, $3)`,
      [id, await makeJob(live), '0'.repeat(64)],
    );
    return id;
  },
  async 'api-keys'(live) {
    await live.office.create({ tenant: 'ours', name: 'victim', scopes: ['admin'] });
    return (await live.office.list('ours'))[0]!.id;
  },
  async weights(live) {
    const id = `weights_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    await live.strata.sql.query(
      `INSERT INTO weights (id, tenant, layout, network, channels, classes, sha256, size_bytes, source, uri, stored_bytes)
       VALUES ($1, 'ours', 'torchvision',
         '{"family": "imagenet-resnet", "depth": 18, "width": 64, "padding": "symmetric"}', 3, 10, $2, 1, 'upload', $3, 1)`,
      [id, '0'.repeat(64), `sha256:${'0'.repeat(64)}`],
    );
    return id;
  },
  async sweeps({ strata }) {
    const ours = strata.service.forTenant('ours');
    return (await ours.sweeps.createSweep(smallSweep(), { checkJob, dryRun: false })).id;
  },
  models: makeModel,
  /** A name of models, whose alias `production` has a rule. */
  async registry(live) {
    await insertModel(live.strata.sql, await makeJob(live), { name: 'ruled' });
    const rule = { requires: [], approvals: 1, not_by_author: false };
    await live.strata.service.forTenant('ours').registry.setAliasRule('ruled', 'production', rule);
    return 'ruled';
  },
  async promotions(live) {
    const model = await makeModel(live);
    const registry = live.strata.service.forTenant('ours').registry;
    const { name, version } = (await live.strata.service.forTenant('ours').models.getModel(model)) ?? {};
    const request = { version: version ?? 0, alias: 'victim', note: '', force: null, etag: null };
    return (await registry.createPromotion(name ?? '', request, null)).id;
  },
  async evaluations(live) {
    const id = `evaluation_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    await live.strata.sql.query(
      `INSERT INTO evaluation (id, tenant, model_id, model_name, variant, dataset_id, dataset_name, dataset_sha256, split, tta,
         images, setup, parts)
       VALUES ($1, 'ours', $2, 'digits', 'full', 'mnist', 'mnist', $3, 'test', 'none', 1, '{"classes": ["0"]}', 2)`,
      [id, await makeModel(live), '0'.repeat(64)],
    );
    return id;
  },
  async 'batch-predictions'(live) {
    const id = `batch_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    await live.strata.sql.query(
      `INSERT INTO batch_prediction (id, tenant, model_id, model_name, variant, dataset_id, dataset_name, dataset_sha256, split,
         total, max_failed_share, setup)
       VALUES ($1, 'ours', $2, 'digits', 'full', 'mnist', 'mnist', $3, 'test', 1, 0.01,
         '{"format": "jsonl", "topK": 5, "embedding": false, "cascade": null, "classes": ["0"]}')`,
      [id, await makeModel(live), '0'.repeat(64)],
    );
    return id;
  },
  async reproductions(live) {
    const id = `reproduction_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
    await live.strata.sql.query(
      `INSERT INTO reproduction (id, tenant, model_id, job_id, expected) VALUES ($1, 'ours', $2, 'job_none', $3)`,
      [id, await makeModel(live), '0'.repeat(64)],
    );
    return id;
  },
  async profiles({ strata }) {
    const ours = strata.service.forTenant('ours');
    return (await ours.plans.createProfile({ job: smallJob(), device: 'cpu' })).id;
  },
  // Shared by all tenants; only the operator's keys change one.
  workers: null,
  webhooks: async (live) => (await makeWebhook(live)).id,
  async 'webhook-deliveries'(live) {
    const { id } = await makeWebhook(live);
    return (await live.strata.service.forTenant('ours').webhooks.testWebhook(id)).id;
  },
  async datasets({ strata }) {
    const ours = strata.service.forTenant('ours');
    const upload = await ours.datasets.receiveUpload(Readable.from([Buffer.from('no archive')]));
    const request = {
      name: randomUUID(),
      ...IMPORT_DEFAULTS,
      sha256: null,
    };
    return (await ours.datasets.createDataset(request, upload)).id;
  },
};

async function makeJob({ strata }: LiveApi): Promise<string> {
  return (await strata.service.forTenant('ours').jobs.createJob(smallJob(), {})).job.id;
}

/** One that holds the tag `production`. */
async function makeModel(live: LiveApi): Promise<string> {
  const jobId = await makeJob(live);
  const id = await insertModel(live.strata.sql, jobId);
  await live.strata.service.forTenant('ours').models.tagModel(id, 'production');
  return id;
}

function makeWebhook({ strata }: LiveApi) {
  const request = { url: 'https://example.com/', events: ['job.failed' as const] };
  return strata.service.forTenant('ours').webhooks.createWebhook(request);
}

/** The first part of an operation's path. */
export const resourceOf = (path: string): string => path.split('/')[1] ?? '';

/** An operation's path, and the query without which it is refused: each of its parameters is an id. */
export function pathOf({ path, operation }: OperationEntry): string {
  const { parameters = [] } = operation as unknown as { parameters?: readonly Parameter[] };
  const needed = parameters.filter((parameter) => parameter.in === 'query' && parameter.required);
  return needed.length === 0 ? path : `${path}?${needed.map(({ name }) => `${name}={id}`).join('&')}`;
}

interface Parameter {
  readonly in?: string;
  readonly name?: string;
  readonly required?: boolean;
}

/** An operation's path with an id or a name, a tag, and the place of an image filled in. */
export const urlOf = (path: string, id: string): string =>
  path
    .replaceAll('{id}', id)
    .replace('{name}', id)
    .replace('{alias}', 'production')
    .replace('{tag}', 'production')
    .replace('{split}', 'train')
    .replace('{index}', '0');

/** The body that the contract shows. */
export function exampleOf({ operation }: OperationEntry): unknown {
  const { requestBody } = operation as unknown as {
    requestBody?: { content: Record<string, JsonContent> };
  };
  const { example, examples = {} } = requestBody?.content['application/json'] ?? {};
  return example ?? Object.values(examples)[0]?.value;
}

interface JsonContent {
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
