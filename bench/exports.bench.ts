import type { ModelSize } from '../src/network/index.js';
import type { Benchmark, BenchmarkOptions, BenchmarkReport } from './benchmark.js';
import { type ExportRow, exportNetworkRows } from './exports/networks.js';

const NETWORKS: readonly { readonly label: string; readonly model: ModelSize; readonly side: number }[] = [
  { label: 'ResNet-20', model: { family: 'resnet', depth: 20, width: 16 }, side: 32 },
  { label: 'WRN-16-2', model: { family: 'wide-resnet', depth: 16, width: 2 }, side: 32 },
  { label: 'ResNet-18', model: { family: 'imagenet-resnet', depth: 18, width: 64 }, side: 64 },
];

export const benchmark: Benchmark = {
  name: 'exports',
  title: 'every export format of briefly trained networks against the network itself, on 1,000 test images',
  run,
};

/** `steps` of training first, so that the probabilities are not all alike. */
async function run({ steps, say }: BenchmarkOptions): Promise<BenchmarkReport> {
  const rows: ExportRow[] = [];
  for (const { label, model, side } of NETWORKS) {
    const more = await exportNetworkRows({ label, model, side, steps, say });
    rows.push(...more);
  }
  return {
    lines: [HEAD, ...rows.map(line)],
    figures: { images: process.env.CIFAR10_BINARY ? 'CIFAR-10' : 'generated', rows },
  };
}

const HEAD =
  'network    written     format            size kB  max difference  accuracy, file     one image  batch of 32';

function line({ network, form, format, sizeBytes, maxDifference, accuracies, latency }: ExportRow): string {
  return [
    network.padEnd(9),
    form.padEnd(10),
    format.padEnd(15),
    (sizeBytes / 1000).toFixed(0).padStart(8),
    maxDifference.toExponential(1).padStart(14),
    (accuracies?.map((share) => `${(100 * share).toFixed(1)} %`).join(', ') ?? '').padEnd(15),
    (latency ? `${latency.single_ms.toFixed(2)} ms` : '').padStart(11),
    (latency ? `${latency.batch_ms.toFixed(1)} ms` : '').padStart(11),
  ].join('  ');
}
