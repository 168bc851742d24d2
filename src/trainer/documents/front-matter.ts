import { stringify } from 'yaml';
import type { ResolvedSpec } from '../../contract/spec.js';
import type { NetworkFigures } from '../../contract/trainer-protocol.js';

/** Names of licenses on the Hugging Face Hub, like `apache-2.0`. */
const LICENCE = /^[a-z0-9][a-z0-9.-]{0,63}$/;
/** Names of the libraries on the Hub, by format. The first exported format decides. */
const LIBRARIES = [
  ['onnx', 'onnx'],
  ['safetensors', 'pytorch'],
  ['torchvision', 'pytorch'],
  ['timm', 'timm'],
  ['transformers', 'transformers'],
  ['cifar-resnet', 'pytorch'],
  ['wide-resnet-pytorch', 'pytorch'],
  ['onnx-int8', 'onnx'],
  ['onnx-float16', 'onnx'],
  ['tfjs-graph', 'tensorflow.js'],
  ['tfjs-graph-int8', 'tensorflow.js'],
  ['tfjs-layers', 'tensorflow.js'],
] as const;

/**
 * The YAML header of a model card, from which the Hub reads its facts (github.com/huggingface/hub-docs,
 * modelcard.md). The license comes from `license` in the metadata of the job, if it is set.
 */
export function frontMatter(title: string, spec: ResolvedSpec, networks: readonly NetworkFigures[]): string {
  const library = LIBRARIES.find(([format]) => spec.exports.includes(format))?.[1];
  return stringify({
    ...licenceOf(spec.metadata.license),
    ...(library && { library_name: library }),
    pipeline_tag: 'image-classification',
    tags: [
      'image-classification',
      spec.model.family,
      spec.method.type,
      'layer-parallel',
      'strata',
      ...spec.exports,
    ],
    datasets: [spec.dataset],
    metrics: ['accuracy'],
    'model-index': [
      {
        name: title,
        results: [
          {
            task: { type: 'image-classification', name: 'Image classification' },
            dataset: { type: spec.dataset, name: spec.dataset, split: 'test' },
            metrics: networks.flatMap(({ name, accuracy, loss }) => [
              { type: 'accuracy', value: accuracy, name: `Accuracy, ${name} network` },
              { type: 'loss', value: loss, name: `Cross-entropy, ${name} network` },
            ]),
          },
        ],
      },
    ],
  });
}

function licenceOf(license: string | undefined): Record<string, string> {
  if (license === undefined) return {};
  return LICENCE.test(license) ? { license } : { license: 'other', license_name: license };
}
