import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../src/contract/setting-descriptions.js';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';
import { temporaryFolder } from '../provision/temporary.js';
import { goTool } from '../support/go-tool.js';
import { kubernetesSchemas } from '../support/kubernetes-schemas.js';
import { pythonPackages } from '../support/python-packages.js';

const REQUIREMENTS = fileURLToPath(new URL('deploy-requirements.txt', import.meta.url));

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string }[];
  readonly resources?: { readonly limits: Readonly<Record<string, unknown>> };
  readonly volumeMounts: readonly { readonly name: string }[];
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean };
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
        readonly terminationGracePeriodSeconds?: number;
        readonly enableServiceLinks?: boolean;
      };
    };
  };
}

const programs = await Promise.all([
  goTool('sigs.k8s.io/kustomize/kustomize/v5@v5.8.1'),
  goTool('github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0'),
]);
const packages = await pythonPackages('deploy', REQUIREMENTS).catch((error: unknown) => ({
  missing: String(error),
}));
const missing = [...programs, packages].flatMap((found) =>
  typeof found === 'object' && 'missing' in found ? [found.missing] : [],
);
const skip = missing[0] ?? false;

async function built(folder: string): Promise<string> {
  const [kustomize] = programs;
  if (!('program' in kustomize)) throw new Error(kustomize.missing);
  return exec(kustomize.program, ['build', folder]);
}

const builtExample = () => built(join(ROOT, 'deploy/kubernetes/example'));

test('the manifests of the example are complete, and valid for Kubernetes and KEDA', { skip }, async (t) => {
  const [, kubeconform] = programs;
  if (!('program' in kubeconform) || typeof packages !== 'string') return;
  const folder = await temporaryFolder(t);
  const file = join(folder, 'all.yaml');
  await writeFile(file, await builtExample());
  const schemas = ['-schema-location', await kubernetesSchemas(packages)];
  const report = await exec(kubeconform.program, ['-strict', '-summary', ...schemas, file]);
  assert.match(report, /Valid: 1\d, Invalid: 0, Errors: 0, Skipped: 0/);
  await writeFile(file, (await builtExample()).replace('terminationGracePeriodSeconds', 'terminationGrace'));
  await assert.rejects(exec(kubeconform.program, ['-strict', ...schemas, file]), /terminationGrace/);
});

test('workers on GPUs differ by their image, one GPU each, and slots by what they find', {
  skip,
}, async (t) => {
  const folder = await temporaryFolder(t);
  const from = (name: string) => relative(folder, join(ROOT, 'deploy/kubernetes', name));
  await writeFile(
    join(folder, 'kustomization.yaml'),
    `resources: [${from('base')}]\ncomponents: [${from('gpu')}]\n`,
  );
  const documents = parseAllDocuments(await built(folder)).map((document) => document.toJS() as Manifest);
  const workers = documents.filter(({ metadata }) => metadata.name === 'strata-worker');
  const [container] = workers[0]?.spec.template.spec.containers ?? [];
  assert.equal(container?.image, 'strata-worker-cuda');
  assert.equal(container.resources?.limits['nvidia.com/gpu'], 1);
  assert.ok(container.env?.length && !container.env.some(({ name }) => name === 'STRATA_SLOTS'));
});

test('every container of the manifests runs a script that is there, with settings that exist, and reads only what it mounts', {
  skip,
}, async () => {
  const documents = parseAllDocuments(await builtExample()).map((document) => document.toJS() as Manifest);
  const pods = documents.filter(({ kind }) => ['Deployment', 'Job'].includes(kind));
  assert.equal(pods.length, 4);
  const settings: readonly string[] = SETTINGS.map(({ name }) => name);
  for (const { metadata, spec } of pods) {
    const { containers, volumes, enableServiceLinks } = spec.template.spec;
    assert.equal(enableServiceLinks, false, `${metadata.name}: STRATA_API_PORT of a Service is no setting`);
    for (const { command, env = [], image, volumeMounts, securityContext } of containers) {
      const script = command?.find((part) => part.startsWith('dist/'));
      if (command)
        assert.ok(script && existsSync(join(ROOT, script.replace(/^dist(.*)\.js$/, 'src$1.ts'))), script);
      for (const { name } of env) assert.ok(settings.includes(name), `${metadata.name}: who reads ${name}?`);
      assert.match(image, /^registry\.example\.org\//, 'the overlay names the image');
      const mounted = volumeMounts.map(({ name }) => name).sort();
      assert.deepEqual(mounted, volumes.map(({ name }) => name).sort(), metadata.name);
      assert.equal(securityContext.readOnlyRootFilesystem, true);
    }
  }
  const worker = pods.find(({ metadata }) => metadata.name === 'strata-worker');
  assert.ok(
    (worker?.spec.template.spec.terminationGracePeriodSeconds ?? 0) >= 40,
    'a stop lets trainers end',
  );
});

test('the Dockerfiles follow hadolint’s rules', { skip }, async () => {
  if (typeof packages !== 'string') return;
  const docker = join(ROOT, 'docker');
  const files = (await readdir(docker)).filter((name) => name.endsWith('.Dockerfile'));
  assert.equal(files.length, 2);
  await exec(
    join(packages, 'bin/hadolint'),
    files.map((name) => join(docker, name)),
  );
});
