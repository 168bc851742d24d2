import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { encodeCompiledContract } from '../contract/compiled-contract.js';
import { ROOT } from './root.js';

/** Writes the contract as JSON to `file`, for the API. */
export async function compileContract(file: string): Promise<void> {
  const yaml = await readFile(join(ROOT, 'openapi/openapi.yaml'), 'utf8');
  await writeFile(file, encodeCompiledContract(yaml, JSON.stringify(parse(yaml), null, 2)));
}
