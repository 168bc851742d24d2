import { access } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { type Artifact, answered } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { bytes } from '../format.js';
import { jobIdOf } from '../last-job.js';
import { receiveFile } from '../transfer/receive-file.js';

export async function listArtifacts(context: Context, text: string): Promise<void> {
  const { strata, out } = context;
  const id = await jobIdOf(context, text);
  const list = await answered(strata.http.GET('/jobs/{id}/artifacts', { params: { path: { id } } }));
  out.result(
    list,
    list.data.map((each) => each.id),
    () => {
      if (list.data.length === 0) return out.note('No files yet.');
      out.table(
        ['NAME', 'SIZE', 'KIND', 'ID'],
        list.data.map((each) => [each.name, bytes(each.size_bytes), each.kind, each.id]),
      );
    },
  );
}

export interface DownloadOptions {
  readonly dir: string;
  readonly force?: boolean;
}

/**
 * Downloads the files of a job, those named or below a named folder, or all. Nothing is fetched if a file is in the way.
 */
export async function downloadArtifacts(
  context: Context,
  text: string,
  names: readonly string[],
  { dir, force = false }: DownloadOptions,
): Promise<void> {
  const { strata, out } = context;
  const all = await strata.artifacts.list(await jobIdOf(context, text));
  const wanted = chosen(all, names);
  const files = wanted.map((artifact) => ({ artifact, path: pathIn(dir, artifact.name) }));
  if (!force) await requireFree(files.map(({ path }) => path));
  for (const { artifact, path } of files) {
    await receiveFile(context, artifact, path, force);
    if (!out.options.json) out.line(path);
  }
  if (out.options.json) out.json({ data: wanted });
}

function chosen(all: readonly Artifact[], names: readonly string[]): readonly Artifact[] {
  if (all.length === 0) throw new CliError(EXIT.failed, 'The job has no files yet.');
  const isOf = (name: string) => (artifact: Artifact) =>
    artifact.name === name ||
    artifact.id === name ||
    artifact.name.startsWith(`${name.replace(/\/+$/, '')}/`);
  for (const name of names)
    if (!all.some(isOf(name)))
      throw new CliError(
        EXIT.usage,
        `The job has no file or folder ${name}.`,
        'List them: strata artifacts list',
      );
  return names.length === 0 ? all : all.filter((artifact) => names.some((name) => isOf(name)(artifact)));
}

/** A server must not choose files outside of `dir`. */
function pathIn(dir: string, name: string): string {
  const path = join(dir, name);
  if (!resolve(path).startsWith(resolve(dir).replace(/\/$/, '') + sep))
    throw new CliError(EXIT.failed, `The server names a file outside of the folder: ${name}`);
  return path;
}

async function requireFree(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere)
      throw new CliError(
        EXIT.failed,
        `${path} exists. Nothing was downloaded.`,
        'Use --force to replace files, or --dir for another folder.',
      );
  }
}
