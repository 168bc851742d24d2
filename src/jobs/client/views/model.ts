import { MODEL_VARIANTS, type Model, type ModelVariantName } from '../../../contract/client/models.js';
import type { components } from '../../../contract/generated/openapi.js';
import { modelFile } from '../../../contract/model-files.js';
import type { ResolvedSpec } from '../../../contract/spec.js';
import type { NetworkFigures } from '../../../contract/trainer-protocol.js';
import { networkVariants } from '../../../method/index.js';
import { type Layer, parameterCount } from '../../../network/index.js';
import type { Figures, StoredNetwork } from '../../store/columns.js';
import type { ModelRow } from '../../store/models.js';
import type { Artifact, TagChange } from '../../store/rows.js';

type Schemas = components['schemas'];

interface Result {
  readonly figures: Figures;
  /** Empty for jobs from versions that did not report networks side by side. */
  readonly networks: readonly StoredNetwork[];
}

export const specOf = ({ job }: ModelRow): ResolvedSpec => job.spec;

export function resultOf({ job }: ModelRow): Result {
  // The speed-up is the job's, and no figure.
  const { networks = [], speedup: _, speedup_reason: __, ...figures } = job.result ?? {};
  return { figures, networks };
}

export function toModel(row: ModelRow): Model {
  const spec = specOf(row);
  return {
    id: row.id,
    object: 'model',
    name: row.name,
    description: row.description,
    metadata: row.metadata,
    tags: row.tags.map(({ tag }) => tag),
    version: row.version?.version ?? 1,
    job_id: row.jobId,
    created_at: row.createdAt.toISOString(),
    dataset: { id: row.datasetId, name: row.datasetName, sha256: row.datasetSha256 },
    image: row.image,
    classes: row.classes,
    network: spec.model,
    method: spec.method,
    test_accuracy: row.accuracy,
    variants: variantsOf(row, spec),
    provenance: provenanceOf(row, spec),
    links: linksOf(row),
  };
}

/** Models of earlier versions recorded less. */
function provenanceOf(row: ModelRow, { seed }: ResolvedSpec): Model['provenance'] {
  const {
    dataset_sha256 = row.datasetSha256,
    initial_weights = [],
    actor = null,
    environments = [],
  } = row.provenance ?? {};
  const strata_version = row.strataVersion;
  return { seed, strata_version, dataset_sha256, initial_weights, actor, environments };
}

function linksOf({ id, jobId }: ModelRow): Model['links'] {
  const [self, job] = [`/models/${id}`, `/jobs/${jobId}`];
  const artifacts = `${job}/artifacts`;
  return { self, job, spec: job, artifacts, tag_changes: `${self}/tag-changes`, predict: `${self}/predict` };
}

function variantsOf(row: ModelRow, { model, method }: ResolvedSpec): Schemas['ModelVariant'][] {
  const layers = networkVariants(model, method, row.image, row.classes.length);
  const { figures, networks } = resultOf(row);
  return MODEL_VARIANTS.flatMap((variant) => {
    const network =
      networks.find(({ name }) => name === variant) ?? earlier(variant, layers[variant], figures);
    if (!network) return [];
    return {
      variant,
      parameters: network.parameters,
      test_accuracy: network.accuracy,
      test_loss: network.loss,
      latency: network.latency,
      predicts: row.serving[variant] !== undefined,
      formats: formatsOf(row, variant, network),
    };
  });
}

type VariantFigures = Pick<NetworkFigures, 'parameters' | 'accuracy' | 'latency' | 'exports'> & {
  readonly loss: number | null;
};

/** Figures of a network for jobs from earlier versions; null if there are none. */
function earlier(
  variant: ModelVariantName,
  layers: readonly Layer[] | null,
  figures: Figures,
): VariantFigures | null {
  const prefix = variant === 'full' ? 'test' : 'compact';
  const accuracy = figures[`${prefix}_accuracy`];
  if (layers === null || accuracy === undefined) return null;
  const exports = Object.entries({ 'tfjs-layers': '', onnx: '_onnx' }).flatMap(([format, suffix]) => {
    const difference = figures[`export_difference_${variant}${suffix}`];
    return difference === undefined ? [] : [{ format, size_bytes: 0, max_difference: difference }];
  });
  return {
    parameters: parameterCount(layers),
    accuracy,
    loss: figures[`${prefix}_loss`] ?? null,
    latency: null,
    exports,
  };
}

function formatsOf(
  row: ModelRow,
  variant: ModelVariantName,
  { exports }: VariantFigures,
): Schemas['ModelFormat'][] {
  const groups = new Map<string, Artifact[]>();
  for (const artifact of row.artifacts) {
    const file = modelFile(artifact.name);
    if (file.variant === variant) groups.set(file.format, [...(groups.get(file.format) ?? []), artifact]);
  }
  return [...groups].map(([format, artifacts]) => ({
    format,
    size_bytes: artifacts.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0),
    max_difference: exports.find((exported) => exported.format === format)?.max_difference ?? null,
    files: artifacts.map(toFile),
  }));
}

function toFile({ id, name, sizeBytes, sha256 }: Artifact): Schemas['ModelFormat']['files'][number] {
  const self = `/artifacts/${id}`;
  return {
    artifact_id: id,
    name,
    size_bytes: Number(sizeBytes),
    sha256,
    links: { self, content: `${self}/content` },
  };
}

export function toTagChange(row: TagChange): Schemas['TagChange'] {
  return {
    id: row.id,
    object: 'tag_change',
    at: row.at.toISOString(),
    name: row.modelName,
    tag: row.tag,
    model_id: row.modelId,
    previous_model_id: row.previousModelId,
  };
}
