import type { TenantClient } from '../../contract/client/tenant.js';
import type { BlobStore } from '../../storage/blob-store.js';
import type { UploadLimits } from '../lifecycle/receive-upload.js';
import type { SigningKey } from '../outgoing/signing-key.js';
import { artifactMethods } from './artifacts.js';
import { batchMethods } from './batches/batches.js';
import { datasetMethods } from './datasets/datasets.js';
import { type DatasetFiles, datasetImageMethods } from './datasets/images.js';
import { evaluationMethods } from './evaluations/evaluations.js';
import { checkpointMethods } from './jobs/checkpoints.js';
import type { CreateParts } from './jobs/create-job.js';
import { jobMethods } from './jobs/jobs.js';
import { listMethods } from './jobs/records.js';
import { trackerMethods } from './jobs/trackers.js';
import { apiKeyMethods } from './keys/api-keys.js';
import { attestationMethods } from './models/attestation/attestations.js';
import { lineageMethods } from './models/lineage.js';
import { modelMethods } from './models/models.js';
import { type PredictionParts, predictMethod } from './models/predict.js';
import { pushMethods } from './models/pushes.js';
import { reproductionMethods } from './models/reproductions.js';
import { type PredictionFiles, testAnswerMethods } from './models/test-answers.js';
import { planMethods } from './plans/plans.js';
import { profileMethods } from './plans/profiles.js';
import { registryMethods } from './registry/registry.js';
import { sweepMethods } from './sweeps/sweeps.js';
import type { EventFeed } from './together/event-feed.js';
import { allSayingUnavailable } from './unavailable.js';
import { webhookMethods } from './webhooks.js';
import type { FetchPlaces } from './weights/fetch-places.js';
import { weightsMethods } from './weights/weights.js';

export interface TenantParts extends CreateParts {
  readonly feed: EventFeed;
  readonly blobs: BlobStore;
  /** Seconds for which the address of a download in the bucket is valid; 0: there are none. */
  readonly presignedS: number;
  readonly uploadLimits: UploadLimits;
  readonly predictions: PredictionParts;
  readonly datasetFiles: DatasetFiles;
  readonly predictionFiles: PredictionFiles;
  readonly fetchPlaces: FetchPlaces;
  readonly openSigningKey: () => Promise<SigningKey>;
}

/** The client of one tenant. It opens no connections. */
export function tenantClient(tenant: string, parts: TenantParts): TenantClient {
  const {
    db,
    blobs,
    uploadLimits,
    quota,
    outgoing,
    predictions,
    datasetFiles,
    predictionFiles,
    fetchPlaces,
  } = parts;
  const { policy } = outgoing;
  const plans = { ...planMethods(parts, tenant), ...profileMethods(parts, tenant) };
  return {
    jobs: jobsClient(tenant, parts),
    models: allSayingUnavailable({
      ...modelMethods(db, tenant),
      ...pushMethods(db, tenant, outgoing),
      ...predictMethod(db, tenant, predictions),
      ...testAnswerMethods(db, predictionFiles, tenant),
      ...reproductionMethods(parts, tenant),
      ...lineageMethods(db, tenant),
      ...attestationMethods(parts, tenant),
    }),
    datasets: allSayingUnavailable({
      ...datasetMethods({ db, blobs, uploadLimits, quota, policy }, tenant),
      ...datasetImageMethods(db, blobs, datasetFiles, tenant),
    }),
    registry: allSayingUnavailable(registryMethods(db, tenant)),
    evaluations: allSayingUnavailable(
      evaluationMethods({ db, blobs, datasetFiles, predictionFiles }, tenant),
    ),
    batches: allSayingUnavailable(batchMethods({ db, blobs, quota, datasetFiles }, tenant)),
    weights: allSayingUnavailable(
      weightsMethods({ db, blobs, uploadLimits, quota, policy, fetchPlaces }, tenant),
    ),
    plans: allSayingUnavailable(plans),
    sweeps: allSayingUnavailable(sweepMethods(parts, tenant, plans)),
    webhooks: allSayingUnavailable(webhookMethods(db, tenant, outgoing)),
    apiKeys: allSayingUnavailable(apiKeyMethods(db, tenant)),
  };
}

function jobsClient(tenant: string, parts: TenantParts): TenantClient['jobs'] {
  const { db, blobs, feed, outgoing, presignedS } = parts;
  return {
    ...allSayingUnavailable({
      ...jobMethods(parts, tenant),
      ...listMethods(db, tenant),
      ...trackerMethods(db, tenant, outgoing),
      ...artifactMethods({ db, blobs, presignedS }, tenant),
      ...checkpointMethods(db, tenant),
    }),
    followJobEvents: (jobId, after, signal) => feed.follow(tenant, jobId, after, signal),
    followEvents: (filter, signal) => feed.followTenant(tenant, filter, signal),
    followJobLogs: (jobId, filter, signal) => feed.followLogs(tenant, jobId, filter, signal),
  };
}
