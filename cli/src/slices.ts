import { readFile } from 'node:fs/promises';
import type { components } from '../../client/src/index.js';
import { CliError, EXIT } from './exit.js';

type Slice = components['schemas']['Slice'];

/** Reads `name=file`: a text file with the positions of images, one a line, as `17` or as the key `test/17`. */
export async function sliceOfImages(text: string): Promise<Slice> {
  const { name, value: path } = namedValue(text, '--images', 'file');
  const content = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(EXIT.usage, `${path} cannot be read (${error.code}).`);
  });
  const lines = content.split(/\s+/).filter((line) => line !== '');
  return { name, indices: lines.map((line) => indexOf(line, path)) };
}

/** Reads `name=cat,dog`: names of classes. */
export function sliceOfClasses(text: string): Slice {
  const { name, value } = namedValue(text, '--classes', 'cat,dog');
  return { name, classes: value.split(',').map((each) => each.trim()) };
}

/** Reads `site=A`: a column of metadata and a value of it; `site=` means the images without a value. */
export function sliceOfMetadata(text: string): Slice {
  const at = text.indexOf('=');
  if (at < 1) throw new CliError(EXIT.usage, `--metadata ${text}: write it as column=value`);
  const [column, value] = [text.slice(0, at).trim(), text.slice(at + 1)];
  return { name: text, metadata: { column, value: value === '' ? null : value } };
}

function namedValue(
  text: string,
  option: string,
  example: string,
): { readonly name: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1)
    throw new CliError(EXIT.usage, `${option} ${text}: write it as name=${example}`);
  return { name: text.slice(0, at).trim(), value: text.slice(at + 1) };
}

const KEY = /^(?:(?:train|validation|test)\/)?(\d{1,9})$/;

function indexOf(line: string, path: string): number {
  const found = KEY.exec(line);
  if (!found)
    throw new CliError(EXIT.usage, `${path}: '${line}' is no position of an image, like 17 or test/17`);
  return Number(found[1]);
}
