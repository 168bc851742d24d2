/** Operations of the contract that become tools. All of them answer with JSON. */
export const READS: readonly string[] = [
  ...['listJobs', 'getJob', 'listJobTasks', 'listJobMetrics', 'getJobUsage', 'listJobCheckpoints'],
  ...[
    'listModels',
    'getModel',
    'compareModels',
    'getModelLineage',
    'getModelBillOfMaterials',
    'getModelEvaluation',
    'listReproductions',
  ],
  ...['getReproduction', 'listDatasets', 'getDataset', 'getDatasetStatistics', 'listSweeps', 'getSweep'],
  ...['listEvaluations', 'getEvaluation', 'compareEvaluations'],
  ...['listRegisteredModels', 'getRegisteredModel', 'listPromotions'],
  // It computes a forecast, and stores nothing.
  'createPlan',
  'listWorkers',
];

/** Operations that change something, for `--allow-writes`. */
export const WRITES: readonly string[] = [
  ...['createJob', 'extendJob', 'pauseJob', 'resumeJob', 'cancelJob', 'createSweep', 'createEvaluation'],
  'createReproduction',
];

/** Writing operations that can be tried first, with the cost as their answer. */
export const COSTED: readonly string[] = ['createJob', 'createSweep'];
