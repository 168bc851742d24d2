import type { Handlers } from '../handler.js';
import { createApiKey, getApiKey, listApiKeys, revokeApiKey } from './api-keys.js';
import { downloadArtifact, getArtifact, listJobArtifacts } from './artifacts.js';
import {
  createDataset,
  deleteDataset,
  getDataset,
  getDatasetImage,
  getDatasetStatistics,
  listDatasetImages,
  listDatasets,
} from './datasets.js';
import { listEvents } from './events.js';
import { getLiveness, getMetrics, getReadiness, listWorkers } from './health.js';
import { listJobEvents } from './job-events.js';
import { listJobLogs } from './job-logs.js';
import { listJobMetrics } from './job-metrics.js';
import {
  cancelJob,
  createJob,
  deleteJob,
  getJob,
  getJobUsage,
  listJobAttempts,
  listJobCheckpoints,
  listJobs,
  listJobTasks,
  pauseJob,
  resumeJob,
} from './jobs.js';
import {
  compareModels,
  deleteModel,
  getModel,
  getModelEvaluation,
  listModelErrors,
  listModels,
  listModelTagChanges,
  predict,
  tagModel,
  untagModel,
  updateModel,
} from './models.js';
import { createPlan, createProfile, deleteProfile, getProfile } from './profiles.js';
import { createSession, deleteSession, getSession } from './session.js';
import { handOverJob, listJobTrackers } from './trackers.js';
import {
  createWebhook,
  deleteWebhook,
  getWebhook,
  listWebhookDeliveries,
  listWebhooks,
  redeliverWebhook,
  testWebhook,
} from './webhooks.js';

/** Every operation of the contract; a missing one does not compile. */
export const handlers: Handlers = {
  createJob,
  createPlan,
  createProfile,
  deleteProfile,
  getProfile,
  listJobs,
  getJob,
  cancelJob,
  deleteJob,
  pauseJob,
  resumeJob,
  listJobTasks,
  getJobUsage,
  listJobAttempts,
  listEvents,
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
  getModelEvaluation,
  listModelErrors,
  predict,
  listDatasets,
  getDataset,
  getDatasetStatistics,
  listDatasetImages,
  getDatasetImage,
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
  createSession,
  getSession,
  deleteSession,
  getLiveness,
  getReadiness,
  getMetrics,
};
