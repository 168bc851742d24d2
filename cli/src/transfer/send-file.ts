import { type FileHandle, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { StrataProblem } from '../../../client/src/index.js';
import { isPassing, pause, waitMs } from '../../../client/src/retry.js';
import { configFolder, readJson, writePrivate } from '../config.js';
import type { Context } from '../context.js';
import { networkCause } from '../errors.js';
import { CliError, EXIT } from '../exit.js';
import { saying } from '../interrupt.js';
import { Progress } from './progress.js';

const PIECE_BYTES = 4 * 2 ** 20;
/** Tries for one piece; then the command ends, and the next one goes on. */
const TRIES = 8;

export interface SentFile {
  readonly id: string;
  /** The upload has become a dataset: it cannot be gone on with. */
  forget(): Promise<void>;
}

/** Uploads a file. If an earlier command sent a part of the same bytes, only the rest is sent. */
export async function sendFile(context: Context, path: string): Promise<SentFile> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    throw new CliError(EXIT.usage, `${path} cannot be read (${error.code}).`);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile())
      throw new CliError(EXIT.usage, `${path} is not a file.`, 'Pack a folder as zip or tar first.');
    const notes = new Notes(context, `${await realpath(path)} ${stat.size} ${stat.mtimeMs}`);
    saying(() => context.out.warn('\nThe same command goes on where this one ended.'));
    const id = await sendBytes(context, file, stat.size, notes);
    return { id, forget: () => notes.write(undefined) };
  } finally {
    await file.close();
  }
}

async function sendBytes(context: Context, file: FileHandle, size: number, notes: Notes): Promise<string> {
  const { uploads } = context.strata;
  const known = await notes.read();
  const before = known === undefined ? undefined : await offsetOf(context, known);
  const id = before === undefined || known === undefined ? await uploads.create(size) : known;
  await notes.write(id);
  if (before) context.out.note(`Going on at ${Math.round((100 * before) / Math.max(1, size))} %.`);
  const progress = new Progress(context.out, 'Sent', size);
  let offset = before ?? 0;
  while (offset < size) {
    offset = await sendPiece(context, file, id, offset);
    progress.show(offset);
  }
  progress.end();
  return id;
}

/** @returns undefined for an upload that the server no longer has */
async function offsetOf({ strata }: Context, id: string): Promise<number | undefined> {
  try {
    return await strata.uploads.offset(id);
  } catch (error) {
    if (error instanceof StrataProblem && error.status === 404) return undefined;
    throw error;
  }
}

/** Sends one piece, and asks the server where to go on after a break. @returns the next offset */
async function sendPiece(context: Context, file: FileHandle, id: string, offset: number): Promise<number> {
  const { strata, deadline } = context;
  const { bytesRead, buffer } = await file.read(new Uint8Array(PIECE_BYTES), 0, PIECE_BYTES, offset);
  if (bytesRead === 0) throw new CliError(EXIT.failed, 'The file became shorter while it was sent.');
  for (let failures = 0; ; failures++) {
    try {
      if (failures === 0) return await strata.uploads.append(id, offset, buffer.subarray(0, bytesRead));
      return await strata.uploads.offset(id);
    } catch (error) {
      const mayPass = isPassing(error) || isOffset(error);
      if (!mayPass || failures + 1 >= TRIES || deadline.aborted) throw error;
      if (networkCause(error) !== null && failures === 0)
        context.out.note('\nThe connection was lost; trying again.');
      await pause(waitMs(error, failures), deadline);
    }
  }
}

/** The server stored a part of a piece before the connection broke, or still reads from that connection (423). */
function isOffset(error: unknown): boolean {
  return error instanceof StrataProblem && (error.code === 'upload_offset' || error.status === 423);
}

/** Remembers the ids of unfinished uploads by server and file. */
class Notes {
  private readonly path: string;
  private readonly key: string;

  constructor({ environment, target }: Context, file: string) {
    this.path = join(configFolder(environment), 'uploads.json');
    this.key = `${target.url} ${file}`;
  }

  async read(): Promise<string | undefined> {
    const id = (await readJson(this.path).catch(() => ({}) as Record<string, unknown>))[this.key];
    return typeof id === 'string' ? id : undefined;
  }

  async write(id: string | undefined): Promise<void> {
    const { [this.key]: _, ...others } = await readJson(this.path).catch(
      () => ({}) as Record<string, unknown>,
    );
    const notes = id === undefined ? others : { ...others, [this.key]: id };
    // Without a place for notes, the upload only cannot be gone on with.
    await writePrivate(this.path, notes).catch(() => undefined);
  }
}
