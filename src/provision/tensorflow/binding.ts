import { copyFile, lstat, mkdir, readFile, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type CacheEntry, cacheEntry } from '../cache.js';
import { exec } from '../exec.js';
import type { Progress } from '../progress.js';
import type { Variant } from '../wheels/wheels.js';
import { LIBRARIES, libraryKey, sayWaiting } from './library.js';

const require = createRequire(import.meta.url);
const BINDING = 'tfjs_binding.node';

/** Version of Node's C interface for the binding. Every Node since 12.22 has it. */
const NAPI_VERSION = 8;

/** Folder of the npm package whose C++ binding is compiled here. */
export function bindingPackage(): string {
  return dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json'));
}

export function bindingKey(variant: Variant): string {
  const { version } = require('@tensorflow/tfjs-node-gpu/package.json') as { version: string };
  return `tfjs-binding-${version}-napi${NAPI_VERSION}-${libraryKey(variant)}`;
}

/** Whether this clone's package has its binding and its libraries; the cache may hold them without that. */
export async function isBindingInstalled(): Promise<boolean> {
  const home = bindingPackage();
  const files = [bindingPath(home), ...LIBRARIES.map((name) => join(home, 'deps', 'lib', name))];
  const found = await Promise.all(files.map((file) => stat(file).catch(() => null)));
  return !found.includes(null);
}

function bindingPath(home: string): string {
  return join(home, 'lib', `napi-v${NAPI_VERSION}`, BINDING);
}

/** The compiled binding, kept in the cache, so that later setups and other checkouts do not compile it again. */
export function provisionBinding(
  root: string,
  variant: Variant,
  library: string,
  progress: Progress,
): Promise<CacheEntry> {
  const build = (staging: string) =>
    progress.step('compiling the TensorFlow binding', () => compile(library, join(staging, BINDING)));
  return cacheEntry(root, bindingKey(variant), build, () => sayWaiting(progress));
}

async function compile(library: string, output: string): Promise<void> {
  const source = join(bindingPackage(), 'binding');
  const headers = (require('node-api-headers') as { include_dir: string }).include_dir;
  await exec('g++', [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', '-w', `-DNAPI_VERSION=${NAPI_VERSION}`],
    ...[`-I${headers}`, `-I${join(library, 'include')}`],
    ...[join(source, 'tfjs_backend.cc'), join(source, 'tfjs_binding.cc')],
    ...LIBRARIES.map((name) => join(library, 'lib', name)),
    ...['-Wl,-rpath,$ORIGIN/../../deps/lib', '-o', output],
  ]);
}

/** Installs the binding, and links to the libraries, in the package. @returns whether anything changed */
export async function installBinding(library: string, binding: string): Promise<boolean> {
  const home = bindingPackage();
  const libraries = join(home, 'deps', 'lib');
  await mkdir(libraries, { recursive: true });
  const links: [string, string][] = LIBRARIES.flatMap((name) => [
    [join(libraries, name), join(library, 'lib', name)],
    [join(libraries, name.replace('_cc.so.2', '.so').replace('.so.2', '.so')), name],
  ]);
  const linked = await Promise.all(links.map(([path, target]) => link(path, target)));
  // A copy instead of a link: $ORIGIN in its rpath is the folder from which it is loaded.
  const target = bindingPath(home);
  return (await copy(join(binding, BINDING), target)) || linked.includes(true);
}

async function link(path: string, target: string): Promise<boolean> {
  if ((await readlink(path).catch(() => undefined)) === target) return false;
  const temporary = `${path}.${process.pid}`;
  await symlink(target, temporary);
  await rename(temporary, path);
  return true;
}

async function copy(source: string, target: string): Promise<boolean> {
  if ((await lstat(target).catch(() => undefined)) && (await same(source, target))) return false;
  const temporary = `${target}.${process.pid}`;
  await mkdir(dirname(target), { recursive: true });
  await rm(temporary, { force: true });
  await copyFile(source, temporary);
  await rename(temporary, target);
  return true;
}

async function same(a: string, b: string): Promise<boolean> {
  return (await readFile(a)).equals(await readFile(b));
}
