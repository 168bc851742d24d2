import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';

const DOOR = 'src/onnx/runtime.ts';

/** Prints the variable at the moment in which the package is loaded. */
const WATCHED = `
  const Module = require('node:module');
  const load = Module._load;
  Module._load = (name, ...rest) => {
    if (name === 'onnxruntime-node') console.log('telemetry off: ' + process.env.ORT_DISABLE_TELEMETRY);
    return load(name, ...rest);
  };
  import('./${DOOR}').then(({ createSession }) => console.log(typeof createSession));`;

test('the telemetry of ONNX Runtime is off before it is loaded, for every environment', async () => {
  for (const given of [undefined, '0']) {
    const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
    const output = await exec(process.execPath, ['--import', 'tsx', '-e', WATCHED], {
      cwd: ROOT,
      env: { ...env, ...(given !== undefined && { ORT_DISABLE_TELEMETRY: given }) },
    });
    assert.deepEqual(output.trim().split('\n'), ['telemetry off: 1', 'function']);
  }
});

test('no other file loads ONNX Runtime by import, require or path', () => {
  const files = ['src', 'test', 'bench', 'scripts', 'client'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.[cm]?[jt]s$/.test(name) && !name.includes('node_modules'))
      .map((name) => `${folder}/${name}`),
  );
  const loads = /(?:from|import|require\w*\(.*\)|\()\s*\(?['"]onnxruntime-node['"]/;
  const found = files.filter((file) => loads.test(readFileSync(join(ROOT, file), 'utf8')));
  assert.deepEqual(found, [DOOR]);
});

test('images, and every command of npm, have the variable', () => {
  const text = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  for (const file of ['docker/api.Dockerfile', 'docker/worker.Dockerfile'])
    assert.match(text(file), /^ENV .*\bORT_DISABLE_TELEMETRY=1\b/m, file);
  assert.match(text('scripts/bootstrap.mjs'), /^process\.env\.ORT_DISABLE_TELEMETRY = '1';$/m);
});
