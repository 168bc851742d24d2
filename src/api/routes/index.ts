import type { Handlers } from '../operations.js';
import { createApiKey } from './api-keys/create.js';
import { getApiKey } from './api-keys/get.js';
import { listApiKeys } from './api-keys/list.js';
import { revokeApiKey } from './api-keys/revoke.js';
import { downloadArtifact } from './artifacts/download.js';
import { getArtifact } from './artifacts/get.js';
import { listJobArtifacts } from './artifacts/list.js';
import { createDataset } from './datasets/create.js';
import { deleteDataset } from './datasets/delete.js';
import { getDataset } from './datasets/get.js';
import { listDatasets } from './datasets/list.js';
import { getLiveness } from './health/live.js';
import { getReadiness } from './health/ready.js';
import { cancelJob } from './jobs/cancel.js';
import { createJob } from './jobs/create.js';
import { deleteJob } from './jobs/delete.js';
import { getJob } from './jobs/get.js';
import { listJobs } from './jobs/list.js';
import { listJobCheckpoints } from './jobs/list-checkpoints.js';
import { listJobEvents } from './jobs/list-events.js';
import { listJobLogs } from './jobs/list-logs.js';
import { listJobMetrics } from './jobs/list-metrics.js';
import { listJobTasks } from './jobs/list-tasks.js';
import { pauseJob } from './jobs/pause.js';
import { resumeJob } from './jobs/resume.js';
import { compareModels } from './models/compare.js';
import { deleteModel } from './models/delete.js';
import { getModel } from './models/get.js';
import { listModels } from './models/list.js';
import { listModelTagChanges } from './models/list-tag-changes.js';
import { predict } from './models/predict.js';
import { tagModel } from './models/tag.js';
import { untagModel } from './models/untag.js';
import { updateModel } from './models/update.js';
import { getMetrics } from './monitoring/get-metrics.js';
import { createPlan } from './plans/create.js';
import { createProfile } from './profiles/create.js';
import { getProfile } from './profiles/get.js';
import { handOverJob } from './trackers/hand-over.js';
import { listJobTrackers } from './trackers/list.js';
import { createWebhook } from './webhooks/create.js';
import { deleteWebhook } from './webhooks/delete.js';
import { getWebhook } from './webhooks/get.js';
import { listWebhooks } from './webhooks/list.js';
import { listWebhookDeliveries } from './webhooks/list-deliveries.js';
import { redeliverWebhook } from './webhooks/redeliver.js';
import { testWebhook } from './webhooks/test.js';
import { listWorkers } from './workers/list.js';

/** Every operation of the contract; a missing one does not compile. */
export const handlers: Handlers = {
  createJob,
  createPlan,
  createProfile,
  getProfile,
  listJobs,
  getJob,
  cancelJob,
  deleteJob,
  pauseJob,
  resumeJob,
  listJobTasks,
  listJobEvents,
  listJobLogs,
  listJobMetrics,
  listJobTrackers,
  handOverJob,
  listJobArtifacts,
  listJobCheckpoints,
  getArtifact,
  downloadArtifact,
  createDataset,
  listModels,
  compareModels,
  getModel,
  updateModel,
  deleteModel,
  tagModel,
  untagModel,
  listModelTagChanges,
  predict,
  listDatasets,
  getDataset,
  deleteDataset,
  listWorkers,
  createWebhook,
  listWebhooks,
  getWebhook,
  deleteWebhook,
  testWebhook,
  listWebhookDeliveries,
  redeliverWebhook,
  createApiKey,
  listApiKeys,
  getApiKey,
  revokeApiKey,
  getLiveness,
  getReadiness,
  getMetrics,
};
