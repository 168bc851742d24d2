// Node's hooks for modules, in a thread of their own: TypeScript files are found by the name of their compiled file.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compiled } from './compiled.mjs';

const REGISTER = new URL('register.mjs', import.meta.url).href;
const SOURCES = new URL('../../../src/', import.meta.url).href;
const OF_COMMANDS = /\/src\/(service|provision)\//;
const COMPILED_SOURCES = new URL('../../../dist/', import.meta.url).href;
/** Set by `npm test` (service-module.ts). */
const isCompiled = process.env.TESTS_RUN_COMPILED !== undefined;

/** The code that starts processes of TypeScript files asks for the address of tsx. */
const STARTS_PROCESSES = /\/src\/jobs\/worker\/children\/node-command\.ts$/;

export function resolve(specifier, context, next) {
  const { parentURL = '' } = context;
  if (specifier === 'tsx' && STARTS_PROCESSES.test(parentURL)) return { url: REGISTER, shortCircuit: true };
  const source = /^\.{1,2}\//.test(specifier) && /\.tsx?$/.test(parentURL) && sourceOf(specifier, parentURL);
  return source ? { url: runnable(source), format: 'module', shortCircuit: true } : next(specifier, context);
}

export async function load(url, context, next) {
  if (!/^file:.*\.tsx?$/.test(url)) return next(url, context);
  const path = fileURLToPath(url);
  return { format: 'module', source: await compiled(path, readFileSync(path, 'utf8')), shortCircuit: true };
}

/**
 * The code of src/ is what users run where it is compiled, and starts processes and threads as it does for them. The
 * commands run with tsx for users, too; no other folder imports theirs, so that every module is loaded once.
 */
function runnable(source) {
  if (!isCompiled || !source.startsWith(SOURCES) || OF_COMMANDS.test(source)) return source;
  return COMPILED_SOURCES + source.slice(SOURCES.length).replace(/\.ts$/, '.js');
}

/** The TypeScript file that `./name.js` means. */
function sourceOf(specifier, parent) {
  const { href } = new URL(specifier, parent);
  const sources = ['.ts', '.tsx'].map((extension) => href.replace(/\.js$/, extension));
  return sources.find((source) => source !== href && existsSync(fileURLToPath(source)));
}
