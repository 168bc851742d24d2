import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/service/root.js';

test('service, contract, clients, manifests and the changelog name one version', async () => {
  const versions: [string, RegExp][] = [
    ['package.json', /^ {2}"version": "(.*)"/m],
    ['package-lock.json', /^ {2}"version": "(.*)"/m],
    ['client/package.json', /^ {2}"version": "(.*)"/m],
    ['python/pyproject.toml', /^version = "(.*)"/m],
    ['openapi/openapi.yaml', /^ {2}version: (.*)$/m],
    ['deploy/kubernetes/example/kustomization.yaml', /newTag: "(.*)"/],
    // Workers compare it with that of the dispatcher, so a release needs a number of its own.
    ['CHANGELOG.md', /^## (\d+\.\d+\.\d+)/m],
  ];
  const found = await Promise.all(
    versions.map(async ([file, pattern]) => [
      file,
      pattern.exec(await readFile(join(ROOT, file), 'utf8'))?.[1],
    ]),
  );
  const [, first] = found[0] ?? [];
  for (const [file, version] of found) assert.equal(version, first, file);
});
