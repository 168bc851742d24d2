import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Breach, findBreaches, RULES_FILE } from '../../scripts/checks/arrows.js';
import { ROOT } from '../../src/service/root.js';

/** One file that breaks each rule, by the import it holds. */
const BREAKERS: readonly Breach[] = [
  { rule: 'contract-stands-alone', from: 'src/contract/a.ts', to: '../network/target.js' },
  { rule: 'contract-without-io', from: 'src/contract/b.ts', to: 'node:fs/promises' },
  { rule: 'measures-measure', from: 'src/measures/a.ts', to: '../contract/target.js' },
  { rule: 'network-describes', from: 'src/network/a.ts', to: '../storage/target.js' },
  { rule: 'dashboard-asks-the-client', from: 'dashboard/src/a.ts', to: '../../src/contract/target.js' },
  { rule: 'nothing-on-the-dashboard', from: 'client/src/b.ts', to: '../../dashboard/src/target.js' },
  { rule: 'cli-asks-the-client', from: 'cli/src/a.ts', to: '../../src/contract/target.js' },
  { rule: 'nothing-on-the-cli', from: 'src/service/cli.ts', to: '../../cli/src/target.js' },
  { rule: 'method-describes', from: 'src/method/a.ts', to: '../storage/target.js' },
  { rule: 'planning-decides', from: 'src/planning/a.ts', to: '../storage/target.js' },
  { rule: 'costs-before-plans', from: 'src/planning/costs/a.ts', to: '../target.js' },
  { rule: 'pure-without-io', from: 'src/network/b.ts', to: 'node:crypto' },
  { rule: 'pure-without-io', from: 'src/method/b.ts', to: 'pino' },
  { rule: 'pure-without-io', from: 'src/planning/b.ts', to: 'node:fs/promises' },
  { rule: 'storage-stores', from: 'src/storage/a.ts', to: '../network/target.js' },
  { rule: 'aws-behind-s3', from: 'src/jobs/worker/aws.ts', to: '@aws-sdk/client-s3' },
  { rule: 'images-decode', from: 'src/images/a.ts', to: '../trainer/target.js' },
  { rule: 'sharp-behind-images', from: 'src/trainer/e.ts', to: 'sharp' },
  { rule: 'sharp-behind-images', from: 'src/datasets/e.ts', to: 'sharp' },
  { rule: 'onnx-runs', from: 'src/onnx/a.ts', to: '../storage/target.js' },
  { rule: 'onnxruntime-behind-its-door', from: 'src/predictor/c.ts', to: 'onnxruntime-node' },
  { rule: 'onnxruntime-behind-its-door', from: 'test/onnx.ts', to: 'onnxruntime-node' },
  { rule: 'importer-imports', from: 'src/datasets/f.ts', to: '../images/target.js' },
  { rule: 'trainer-computes', from: 'src/trainer/a.ts', to: '../jobs/target.js' },
  { rule: 'trainer-without-servers', from: 'src/trainer/b.ts', to: 'pg' },
  { rule: 'trainer-without-servers', from: 'src/trainer/c.ts', to: 'ioredis' },
  { rule: 'trainer-without-servers', from: 'src/trainer/d.ts', to: 'node:http' },
  { rule: 'streams-are-sockets', from: 'src/trainer/messages/stream/a.ts', to: 'node:http' },
  {
    rule: 'tensorflow-behind-the-runtime',
    from: 'src/trainer/kernels/a.ts',
    to: '@tensorflow/tfjs-node-gpu',
  },
  { rule: 'tensorflow-behind-the-runtime', from: 'src/jobs/a.ts', to: '@tensorflow/tfjs' },
  { rule: 'trainer-is-a-process', from: 'src/jobs/worker/a.ts', to: '../../trainer/target.js' },
  { rule: 'importer-imports', from: 'src/datasets/a.ts', to: '../network/target.js' },
  { rule: 'importer-without-servers', from: 'src/datasets/b.ts', to: 'pg' },
  { rule: 'importer-without-servers', from: 'src/datasets/c.ts', to: 'node:https' },
  { rule: 'importer-is-a-process', from: 'src/jobs/worker/b.ts', to: '../../datasets/target.js' },
  { rule: 'predictor-predicts', from: 'src/predictor/a.ts', to: '../network/target.js' },
  { rule: 'predictor-without-servers', from: 'src/predictor/b.ts', to: 'ioredis' },
  { rule: 'predictor-is-a-process', from: 'src/jobs/worker/d.ts', to: '../../predictor/target.js' },
  { rule: 'tracing-stands-alone', from: 'src/tracing/a.ts', to: '../contract/target.js' },
  { rule: 'opentelemetry-behind-tracing', from: 'src/jobs/worker/c.ts', to: '@opentelemetry/api' },
  { rule: 'opentelemetry-behind-tracing', from: 'src/tracing/b.ts', to: '@opentelemetry/sdk-trace-base' },
  { rule: 'jobs-control', from: 'src/jobs/b.ts', to: '../provision/target.js' },
  { rule: 'jobs-process-has-no-neighbors', from: 'src/jobs/process/a.ts', to: '../store/target.js' },
  { rule: 'jobs-outgoing-sends', from: 'src/jobs/outgoing/a.ts', to: '../store/target.js' },
  { rule: 'jobs-queue-is-a-cache', from: 'src/jobs/queue/a.ts', to: '../store/target.js' },
  { rule: 'jobs-store-keeps', from: 'src/jobs/store/a.ts', to: '../queue/target.js' },
  { rule: 'jobs-lifecycle-decides', from: 'src/jobs/lifecycle/a.ts', to: '../queue/target.js' },
  { rule: 'jobs-parts-meet-in-postgres', from: 'src/jobs/client/c.ts', to: '../worker/target.js' },
  { rule: 'jobs-parts-meet-in-postgres', from: 'src/jobs/worker/f.ts', to: '../dispatcher/target.js' },
  { rule: 'processes-behind-the-worker', from: 'src/jobs/dispatcher/a.ts', to: 'node:child_process' },
  { rule: 'bullmq-behind-the-queue', from: 'src/jobs/dispatcher/b.ts', to: 'bullmq' },
  { rule: 'prisma-behind-the-store', from: 'src/jobs/client/a.ts', to: '../store/generated/target.js' },
  { rule: 'prisma-behind-the-store', from: 'src/jobs/client/b.ts', to: '@prisma/client' },
  { rule: 'api-asks-the-client', from: 'src/api/a.ts', to: '../jobs/target.js' },
  { rule: 'api-asks-the-client', from: 'src/api/b.ts', to: '../storage/target.js' },
  { rule: 'api-without-engines', from: 'src/api/c.ts', to: 'bullmq' },
  { rule: 'api-without-engines', from: 'src/api/d.ts', to: '@prisma/client' },
  { rule: 'api-without-engines', from: 'src/api/e.ts', to: '@tensorflow/tfjs-node-gpu' },
  { rule: 'service-starts', from: 'src/service/a.ts', to: '../jobs/target.js' },
  { rule: 'client-stands-alone', from: 'client/src/a.ts', to: '../../src/contract/target.js' },
  { rule: 'service-without-client', from: 'src/service/b.ts', to: '../../client/src/target.js' },
  { rule: 'provision-provides', from: 'src/provision/a.ts', to: '../service/target.js' },
  { rule: 'source-without-tests', from: 'src/storage/b.ts', to: '../../test/target.js' },
  { rule: 'source-without-dev-packages', from: 'src/storage/c.ts', to: 'fast-check' },
  { rule: 'resolvable', from: 'src/storage/d.ts', to: './nowhere.js' },
  { rule: 'no-cycles', from: 'src/storage/e.ts', to: './f.js' },
];

/** Allowed imports, so that a rule which forbids everything would be noticed. */
const INNOCENT: readonly Omit<Breach, 'rule'>[] = [
  { from: 'src/contract/good.ts', to: 'node:path' },
  { from: 'src/network/good.ts', to: '../contract/target.js' },
  { from: 'src/method/good.ts', to: '../network/target.js' },
  { from: 'src/planning/good.ts', to: '../method/target.js' },
  { from: 'src/trainer/best.ts', to: '../planning/costs/target.js' },
  { from: 'src/jobs/lifecycle/good.ts', to: '../store/target.js' },
  { from: 'src/jobs/worker/better.ts', to: '../queue/target.js' },
  { from: 'src/jobs/planned.ts', to: '../planning/target.js' },
  { from: 'src/trainer/good.ts', to: '../storage/target.js' },
  { from: 'src/trainer/better.ts', to: '../images/target.js' },
  { from: 'src/images/good.ts', to: 'sharp' },
  { from: 'src/datasets/good.ts', to: '../storage/target.js' },
  { from: 'src/trainer/runtime/good.ts', to: '@tensorflow/tfjs-node-gpu' },
  { from: 'src/predictor/good.ts', to: '../storage/target.js' },
  { from: 'src/predictor/better.ts', to: '../images/target.js' },
  { from: 'src/onnx/good.ts', to: 'onnxruntime-node' },
  { from: 'src/predictor/best.ts', to: '../onnx/target.js' },
  { from: 'src/trainer/onnx.ts', to: '../onnx/target.js' },
  { from: 'src/jobs/queue/queue.ts', to: 'bullmq' },
  { from: 'src/service/commands/quickstart/good.ts', to: '../../../../client/src/target.js' },
  { from: 'src/tracing/exporter.ts', to: '@opentelemetry/api' },
  { from: 'src/tracing/tracing.ts', to: './exporter.js' },
  { from: 'src/jobs/worker/traced.ts', to: '../../tracing/tracing.js' },
  { from: 'src/jobs/store/good.ts', to: './generated/target.js' },
  { from: 'src/jobs/worker/good.ts', to: 'node:child_process' },
  { from: 'src/api/good.ts', to: '../jobs/client/service.js' },
  { from: 'src/jobs/client/service.ts', to: '../store/good.js' },
  // The other half of the cycle, which is reported once.
  { from: 'src/storage/f.ts', to: './e.js' },
  { from: 'test/good.ts', to: '../src/trainer/target.js' },
  { from: 'dashboard/src/good.ts', to: '../../client/src/target.js' },
  { from: 'cli/src/good.ts', to: '../../client/src/target.js' },
  { from: 'test/cli.ts', to: '../cli/src/target.js' },
];

const TARGETS = [
  ...[
    'contract',
    'network',
    'method',
    'planning',
    'planning/costs',
    'storage',
    'images',
    'onnx',
    'trainer',
    'datasets',
    'predictor',
    'jobs',
    'provision',
    'service',
  ].map((room) => `src/${room}/target.ts`),
  ...['store', 'queue', 'worker', 'dispatcher'].map((folder) => `src/jobs/${folder}/target.ts`),
  'src/jobs/store/generated/target.ts',
  'test/target.ts',
  'client/src/target.ts',
  'dashboard/src/target.ts',
  'cli/src/target.ts',
];

test('no import breaks a rule', async () => {
  assert.deepEqual(await findBreaches(), []);
});

test('each rule reports the files that break it, and no others', async () => {
  const root = await mkdtemp(join(tmpdir(), 'strata-arrows-'));
  try {
    await writeTree(root);
    const breaches = await findBreaches(root, ['src', 'test', 'client', 'dashboard', 'cli']);
    const found = new Set(breaches.map(({ rule, from }) => `${rule}: ${from}`));
    const missed = BREAKERS.filter(({ rule, from }) => !found.has(`${rule}: ${from}`));
    assert.deepEqual(missed, []);
    const blamed = breaches.filter(({ from }) => !BREAKERS.some((breaker) => breaker.from === from));
    assert.deepEqual(blamed, []);
  } finally {
    await rm(root, { recursive: true });
  }
});

test('every rule has a file here that breaks it, and a reason', async () => {
  const { default: rules } = (await import(RULES_FILE)) as {
    default: { forbidden: { name: string; comment: string }[] };
  };
  const names = rules.forbidden.map(({ name }) => name);
  assert.deepEqual([...new Set(BREAKERS.map(({ rule }) => rule))].sort(), names.sort());
  assert.ok(rules.forbidden.every(({ comment }) => comment.length > 20));
});

async function writeTree(root: string): Promise<void> {
  const importers = [...BREAKERS, ...INNOCENT];
  for (const path of [...TARGETS, ...importers.map(({ from }) => from)]) {
    await mkdir(dirname(join(root, path)), { recursive: true });
  }
  for (const path of TARGETS) await writeFile(join(root, path), 'export const target = 1;\n');
  for (const { from, to } of importers) await writeFile(join(root, from), `import '${to}';\n`);
  await cp(join(ROOT, 'package.json'), join(root, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
}
