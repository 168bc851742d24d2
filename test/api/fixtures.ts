import { DEFAULT_TENANT, type Scope } from '../../src/contract/access.js';
import type { Dataset } from '../../src/contract/client/datasets.js';
import type { Job } from '../../src/contract/client/jobs.js';
import type { Model } from '../../src/contract/client/models.js';
import type { BUILT_IN_DATASETS } from '../../src/contract/datasets.js';
import type { components } from '../../src/contract/generated/openapi.js';
import type { JobSpec } from '../../src/contract/spec.js';
import type { WebhookEvent } from '../../src/contract/webhooks.js';
import { resolved } from '../jobs/support/specs.js';

export const NOW = '2026-01-02T03:04:05.678Z';

export function complete<T>(data: T[]) {
  return { object: 'list' as const, data, has_more: false, next: null };
}

export function jobOf(id: string, spec: JobSpec): Job {
  const self = `/jobs/${id}`;
  const links = Object.fromEntries(
    [
      'events',
      'logs',
      'metrics',
      'tasks',
      'attempts',
      'checkpoints',
      'artifacts',
      'archive',
      'cancel',
      'pause',
      'resume',
    ].map((part) => [part, `${self}/${part}`]),
  ) as Omit<Job['links'], 'self' | 'page'>;
  return {
    id,
    object: 'job',
    name: spec.name,
    metadata: spec.metadata,
    notes: '',
    archived_at: null,
    state: 'queued',
    state_reason: null,
    progress: 0,
    created_at: NOW,
    started_at: null,
    finished_at: null,
    estimated_finish: null,
    cancel_requested_at: null,
    pause_requested_at: null,
    queue: { position: 1, reason: 'is waiting for a worker' },
    spec,
    requested: null,
    parent_id: null,
    reproduces: null,
    plan: {
      tasks: 5,
      steps_per_epoch: 32,
      total_steps: 32,
      round_steps: 6,
      warm_start_rounds: 0,
      parallel_rounds: 4,
      end_to_end_rounds: 2,
      warnings: [],
    },
    result: null,
    error: null,
    links: { self, page: `/ui${self}`, ...links },
  };
}

export function datasetOf({
  name,
  classes,
  image,
  storage,
  train_count,
  test_count,
  validation_count,
  augmentation,
}: (typeof BUILT_IN_DATASETS)[number]): Dataset {
  return {
    id: name,
    object: 'dataset',
    name,
    built_in: true,
    state: 'ready',
    progress: null,
    format: null,
    source: null,
    mean: null,
    standard_deviation: null,
    metadata: [],
    problem_count: 0,
    created_at: NOW,
    classes: [...classes],
    image,
    storage,
    splits: {
      train: { count: train_count },
      validation: { count: validation_count },
      test: { count: test_count },
    },
    augmentation,
    sha256: null,
    problems: [],
  };
}

export function taskOf(jobId: string) {
  return {
    id: 'task_1',
    object: 'task' as const,
    job_id: jobId,
    key: 'stage-1-0',
    kind: 'stage' as const,
    stage: 1,
    round: 0,
    replica: null,
    state: 'running' as const,
    attempt: 1,
    progress: 0.5,
    waits_for: ['prepare'],
    worker_id: 'worker_1',
    device: 'cpu:0',
    started_at: NOW,
    finished_at: null,
    seconds: { data: 0.25 },
    result: {},
    error: { code: 'out_of_memory', message: 'first attempt', stage: 1, step: 3, tensor: null },
    runtime: null,
  };
}

export function attemptOf(task: string) {
  return {
    task,
    kind: 'stage' as const,
    stage: 0,
    round: 0,
    replica: null,
    attempt: 1,
    outcome: 'lost' as const,
    started_at: NOW,
    ended_at: NOW,
    worker_id: 'worker_1',
    device: 'cpu-0',
    devices: ['cpu-0'],
    checkpoint_step: null,
    error: {
      code: 'worker_lost',
      message: 'the worker stopped renewing its lease',
      stage: 0,
      step: null,
      tensor: null,
    },
  };
}

export function checkpointOf(jobId: string) {
  const part = {
    task: 'finalize',
    stage: null,
    size_bytes: 1,
    sha256: '0'.repeat(64),
    links: { content: null },
  };
  return {
    id: `${jobId}-final`,
    object: 'checkpoint' as const,
    job_id: jobId,
    kind: 'final' as const,
    round: null,
    step: 32,
    starts_jobs: true,
    created_at: NOW,
    parts: [part],
    links: { job: `/jobs/${jobId}` },
  };
}

export const WORKER = {
  id: 'worker_1',
  object: 'worker' as const,
  host: 'here',
  devices: [{ kind: 'cpu' as const, name: 'cpu', slots: 1, bfloat16: false, prefers_bfloat16: false }],
  slots: [
    {
      state: 'idle' as const,
      quarantine_s: 0,
      busy_share: 0.25,
      memory_bytes: 300_000_000,
      gpu_use: null,
      gpu_memory_bytes: null,
      runtime: null,
      task_id: null,
      task: null,
      job_id: null,
      since: null,
    },
  ],
  started_at: NOW,
  heartbeat_at: NOW,
  draining: false,
  versions: { node: process.version },
};

export function apiKeyOf(id: string, name: string, scopes: Scope[]) {
  const links = { self: `/api-keys/${id}` };
  return { id, object: 'api_key' as const, tenant: DEFAULT_TENANT, name, scopes, created_at: NOW, links };
}

export function webhookOf(id: string, url: string, events: WebhookEvent[]) {
  const self = `/webhooks/${id}`;
  const links = { self, deliveries: `${self}/deliveries`, test: `${self}/test` };
  return { id, object: 'webhook' as const, url, events, created_at: NOW, links };
}

export function trackerExportOf(
  id: string,
  jobId: string,
  { type, tracking_uri, experiment }: components['schemas']['Tracker'],
) {
  return {
    id,
    object: 'tracker_export' as const,
    job_id: jobId,
    ...{ type, tracking_uri, experiment },
    state: 'pending' as const,
    attempts: 0,
    run_id: null,
    run_url: null,
    error: null,
    created_at: NOW,
    next_attempt_at: null,
    finished_at: null,
  };
}

export function deliveryOf(id: string, webhookId: string) {
  return {
    id,
    object: 'webhook_delivery' as const,
    webhook_id: webhookId,
    type: 'webhook.test',
    state: 'pending' as const,
    attempts: 0,
    status: null,
    error: null,
    created_at: NOW,
    next_attempt_at: NOW,
    finished_at: null,
    message: { type: 'webhook.test', timestamp: NOW, data: { webhook_id: webhookId } },
    links: { webhook: `/webhooks/${webhookId}`, redeliver: `/webhook-deliveries/${id}/redeliver` },
  };
}

export function modelOf(id: string): Model {
  const { model, method } = resolved();
  const self = `/models/${id}`;
  const file = { artifact_id: 'artifact_1', name: 'full/model.onnx', size_bytes: 9, sha256: '0'.repeat(64) };
  const links = { self: '/artifacts/artifact_1', content: '/artifacts/artifact_1/content' };
  const format = { format: 'onnx', size_bytes: 9, max_difference: 1e-6, files: [{ ...file, links }] };
  return {
    id,
    object: 'model',
    name: 'digits',
    description: '',
    metadata: {},
    tags: [],
    version: 1,
    job_id: 'job_1',
    created_at: NOW,
    dataset: { id: 'mnist', name: 'mnist', sha256: null },
    image: { height: 28, width: 28, channels: 1 },
    classes: ['0', '1'],
    network: model,
    method,
    test_accuracy: 0.9,
    variants: [
      {
        variant: 'full',
        parameters: 100,
        test_accuracy: 0.9,
        test_loss: 0.1,
        latency: null,
        predicts: true,
        formats: [format],
      },
    ],
    provenance: {
      seed: 1,
      strata_version: '0.1.0',
      dataset_sha256: 'a'.repeat(64),
      initial_weights: [],
      actor: null,
      environments: [],
    },
    links: {
      self,
      job: '/jobs/job_1',
      spec: '/jobs/job_1',
      artifacts: '/jobs/job_1/artifacts',
      tag_changes: `${self}/tag-changes`,
      predict: `${self}/predict`,
    },
  };
}

export function reproductionOf(id: string) {
  return {
    id,
    object: 'reproduction' as const,
    model_id: 'model_1',
    job_id: 'job_1',
    state: 'succeeded' as const,
    equal: true,
    tensors_that_differ: [],
    different_tensors: 0,
    reason: null,
    created_at: NOW,
    finished_at: NOW,
    links: { self: `/reproductions/${id}`, model: '/models/model_1', job: '/jobs/job_1' },
  };
}
