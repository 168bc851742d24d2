import type { ReceivedUpload, RemoteSource } from '../../../src/contract/client/datasets.js';
import type { Weights, WeightsClient, WeightsRequest } from '../../../src/contract/client/weights.js';
import { StrataError } from '../../../src/contract/errors.js';
import { complete, NOW } from '../fixtures.js';

/** Weights in memory: every file is a ResNet-18 of torchvision. */
export class FakeWeights implements WeightsClient {
  readonly rows = new Map<string, Weights>();

  async createWeights({ name, class_names }: WeightsRequest, from: ReceivedUpload | RemoteSource) {
    const weights: Weights = {
      id: 'weights_1',
      object: 'weights',
      name,
      layout: 'torchvision',
      network: { family: 'imagenet-resnet', depth: 18, width: 64, padding: 'symmetric' },
      channels: 3,
      classes: 1000,
      class_names: class_names && [...class_names],
      sha256: '0'.repeat(64),
      size_bytes: 'url' in from ? 1 : from.sizeBytes,
      source: 'url' in from ? 'url' : 'upload',
      created_at: NOW,
    };
    this.rows.set(weights.id, weights);
    return weights;
  }

  async listWeights() {
    return complete([...this.rows.values()]);
  }

  async getWeights(id: string) {
    return this.rows.get(id) ?? null;
  }

  async deleteWeights(id: string) {
    if (!this.rows.delete(id)) throw new StrataError('not_found');
  }
}
