import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cacheEntry, cacheRoot } from '../../src/provision/cache.js';
import { exec } from '../../src/provision/exec.js';

const KUBERNETES = 'v1.37.0';
const KEDA = 'github.com/kedacore/keda/v2@v2.21.0';
const CRDS = ['scaledobjects', 'triggerauthentications'];
const DEFINITIONS = '_definitions.json';
const REFERENCE = /"(?:\/?(?:api\/)?_definitions\.json)?#\/\$defs\//g;

interface Crd {
  readonly spec: {
    readonly names: { readonly singular: string };
    readonly versions: readonly {
      readonly name: string;
      readonly schema: { readonly openAPIV3Schema: object };
    }[];
  };
}

/** @param packages folder with PyPI's kubernetes-validate. @returns where kubeconform finds the schema of a kind */
export async function kubernetesSchemas(packages: string): Promise<string> {
  const source = join(packages, 'kubernetes_validate/kubernetes-json-schema', `${KUBERNETES}-local-strict`);
  const { dir } = await cacheEntry(cacheRoot(), `test-kubernetes-schemas-${KUBERNETES}`, async (staging) => {
    await bundle(source, staging);
    await addKeda(staging);
  });
  return join(dir, '{{ .ResourceKind }}{{ .KindSuffix }}.json');
}

/** Each schema with the definitions that it refers to, because kubeconform resolves no other file. */
async function bundle(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const all = JSON.parse(localized(await readFile(join(source, DEFINITIONS), 'utf8'))) as { $defs: object };
  const definitions = new Map<string, unknown>(Object.entries(all.$defs));
  for (const file of await readdir(source)) {
    if (!/-v\d+\.json$/.test(file)) continue;
    const schema = localized(await readFile(join(source, file), 'utf8'));
    const { $schema: _, ...rest } = JSON.parse(schema) as { $schema?: string };
    await writeFile(join(target, file), JSON.stringify({ ...rest, $defs: neededBy(schema, definitions) }));
  }
}

function localized(text: string): string {
  return text.replaceAll(REFERENCE, '"#/$defs/');
}

function neededBy(schema: string, definitions: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const needed: Record<string, unknown> = {};
  const todo = namesIn(schema);
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name in needed) continue;
    needed[name] = definitions.get(name);
    todo.push(...namesIn(JSON.stringify(needed[name])));
  }
  return needed;
}

function namesIn(schema: string): string[] {
  return [...schema.matchAll(/"#\/\$defs\/([^"]+)"/g)].map(([, name = '']) => name);
}

async function addKeda(target: string): Promise<void> {
  const { Dir } = JSON.parse(await exec('go', ['mod', 'download', '-json', KEDA])) as { Dir: string };
  for (const name of CRDS) {
    const crd = parse(await readFile(join(Dir, 'config/crd/bases', `keda.sh_${name}.yaml`), 'utf8')) as Crd;
    for (const { name: version, schema } of crd.spec.versions)
      await writeFile(
        join(target, `${crd.spec.names.singular}-keda-${version}.json`),
        JSON.stringify(schema.openAPIV3Schema),
      );
  }
}
