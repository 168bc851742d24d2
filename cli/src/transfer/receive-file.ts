import { createHash } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Artifact, ChecksumError } from '../../../client/src/index.js';
import type { Context } from '../context.js';
import { CliError, EXIT } from '../exit.js';
import { saying } from '../interrupt.js';
import { Progress } from './progress.js';

/** Downloads an artifact to `path`, which exists only once all its bytes are there and have the right sha256. */
export async function receiveFile(
  context: Context,
  artifact: Artifact,
  path: string,
  mayReplace: boolean,
): Promise<void> {
  const draft = `${path}.part-${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  saying(() => context.out.warn(`\n${draft} holds a part of the file.`));
  try {
    const sha256 = await receive(context, artifact, draft);
    if (sha256 !== artifact.sha256) throw new ChecksumError(artifact, sha256);
    if (mayReplace) await rename(draft, path);
    // Unlike a rename, a link replaces nothing.
    else await link(draft, path).catch((error: NodeJS.ErrnoException) => inTheWay(error, path));
  } finally {
    await rm(draft, { force: true });
    saying(undefined);
  }
}

async function receive(context: Context, artifact: Artifact, draft: string): Promise<string> {
  const hash = createHash('sha256');
  const progress = new Progress(context.out, artifact.name, artifact.size_bytes);
  const file = await open(draft, 'wx');
  try {
    let count = 0;
    for await (const piece of await context.strata.artifacts.stream(artifact)) {
      hash.update(piece);
      await file.writeFile(piece);
      count += piece.length;
      progress.show(count);
    }
  } finally {
    await file.close();
  }
  progress.end();
  return hash.digest('hex');
}

function inTheWay(error: NodeJS.ErrnoException, path: string): never {
  if (error.code !== 'EEXIST') throw error;
  throw new CliError(EXIT.failed, `${path} exists.`, 'Use --force to replace files.');
}
