import { readFile } from 'node:fs/promises';
import { decodeManifest } from '../../../src/contract/dataset-manifest.js';
import type { ArtifactOutput, MetricSample, NetworkFigures } from '../../../src/contract/trainer-protocol.js';
import { openSplit } from '../../../src/trainer/data/index.js';
import { type PlanRun, runPlan, withBlobs } from './run-plan.js';
import { mnistSpec } from './specs.js';

/** A short job's exports, and test images as a user has them: pixels 0..255. */
export interface Exported {
  readonly artifacts: ReadonlyMap<string, ArtifactOutput>;
  file(name: string): Promise<Buffer>;
  readonly result: Readonly<Record<string, number>>;
  readonly networks: readonly NetworkFigures[];
  readonly samples: readonly MetricSample[];
  /** uint8 [count, 28, 28, 1] */
  readonly pixels: Uint8Array;
  readonly labels: Uint16Array;
}

export async function withExports(
  images: number,
  body: (exported: Exported) => Promise<void>,
): Promise<void> {
  await withBlobs(async (blobs) => {
    const spec = mnistSpec({
      max_train_samples: 512,
      epochs: 2,
      exports: [
        ...(['tfjs-layers', 'tfjs-graph', 'onnx', 'safetensors'] as const),
        ...(['onnx-int8', 'onnx-float16', 'tfjs-graph-int8'] as const),
      ],
      export_options: { outputs: ['logits', 'features'] },
    });
    const run = await runPlan(spec, blobs);
    const { artifacts, result, networks } = run.successes.get('finalize')!;
    const byName = new Map(artifacts.map((artifact) => [artifact.name, artifact]));
    await body({
      artifacts: byName,
      file: async (name) => await readFile(await blobs.localPath(byName.get(name)!.uri)),
      result,
      networks: networks!,
      samples: run.samples,
      ...(await testImages(run, images)),
    });
  });
}

export async function testImages(run: PlanRun, images: number): Promise<Pick<Exported, 'pixels' | 'labels'>> {
  const manifest = decodeManifest(await run.blobs.get(run.successes.get('prepare')!.outputs.dataset!.uri));
  const reader = await openSplit(manifest, 'test', run.blobs);
  const pixels = new Uint8Array(images * reader.imageBytes);
  for (let index = 0; index < images; index++) {
    const target = pixels.subarray(index * reader.imageBytes, (index + 1) * reader.imageBytes);
    await reader.readImage(index, target, null);
  }
  reader.close();
  return { pixels, labels: reader.labels.slice(0, images) };
}
