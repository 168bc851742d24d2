import type { components } from '../../../../contract/generated/openapi.js';
import type { ModelFacts } from './facts.js';

type Bill = components['schemas']['BillOfMaterials'];

const DATASET = 'dataset';

const sha256Of = (content: string | null) =>
  content === null ? {} : { hashes: [{ alg: 'SHA-256', content }] };

/** A bill of materials of a model: CycloneDX 1.6 (cyclonedx.org), with a card of the model. */
export function billOfMaterials(facts: ModelFacts): Bill {
  const { model, finishedAt } = facts;
  const version = model.provenance.strata_version ?? 'unknown';
  const materials = materialsOf(model);
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(model.id)}`,
    version: 1,
    metadata: {
      ...(finishedAt && { timestamp: finishedAt.toISOString() }),
      tools: { components: [{ type: 'application', name: 'strata', version }] },
      component: componentOf(facts),
    },
    components: materials,
    dependencies: [{ ref: model.id, dependsOn: materials.map((material) => material['bom-ref']) }],
  };
}

/** The dataset, the initial weights, and each version of TensorFlow that a task ran in. */
function materialsOf({ provenance, dataset }: ModelFacts['model']) {
  const versions = new Set(provenance.environments.map(({ tensorflow }) => tensorflow));
  return [
    {
      'bom-ref': DATASET,
      type: 'data',
      name: dataset.name,
      ...sha256Of(provenance.dataset_sha256),
      data: [{ type: 'dataset', name: dataset.name }],
    },
    ...provenance.initial_weights.map((sha256) => ({
      'bom-ref': `weights-${sha256}`,
      type: 'machine-learning-model',
      name: 'initial weights',
      ...sha256Of(sha256),
    })),
    ...[...versions].map((version) => ({
      'bom-ref': `tensorflow-${version}`,
      type: 'library',
      name: 'tensorflow',
      version,
    })),
  ];
}

function componentOf({ model, spec, files }: ModelFacts): object {
  const { family, depth } = spec.model;
  return {
    'bom-ref': model.id,
    type: 'machine-learning-model',
    name: model.name,
    version: String(model.version),
    description: model.description,
    components: files.map(({ name, sha256 }) => ({ type: 'file', name, ...sha256Of(sha256) })),
    modelCard: {
      modelParameters: {
        approach: { type: 'supervised' },
        task: 'image classification',
        architectureFamily: family,
        modelArchitecture: `${family}-${depth}`,
        datasets: [{ ref: DATASET }],
        inputs: [{ format: `image of ${model.image.height}x${model.image.width}x${model.image.channels}` }],
        outputs: [{ format: `probability of ${model.classes.length} classes` }],
      },
      quantitativeAnalysis: {
        performanceMetrics: model.variants.map(({ variant, test_accuracy: accuracy }) => ({
          type: 'accuracy',
          value: String(accuracy),
          slice: `${variant} network, test images`,
        })),
      },
    },
  };
}

/**
 * The id as a UUID of version 8 (RFC 9562, section 5.8), so that two bills of one model have one serial number.
 * All 24 hex digits of the id are in it.
 */
function uuidOf(id: string): string {
  const digits = id.slice(id.indexOf('_') + 1).padEnd(24, '0');
  const part = (from: number, to: number) => digits.slice(from, to);
  return `${part(0, 8)}-${part(8, 12)}-8${part(12, 15)}-8${part(15, 18)}-${part(18, 24)}000000`;
}
