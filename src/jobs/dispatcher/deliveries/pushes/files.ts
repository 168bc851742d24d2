import { findArtifacts } from '../../../store/artifacts.js';
import type { Database } from '../../../store/connection/database.js';
import type { ClaimedPush } from '../../../store/model-pushes.js';
import type { ModelRow } from '../../../store/models.js';

/** A file of a push: a blob, or text. */
export interface PushedFile {
  readonly name: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** The model lacks what the target needs. The message is meant for its owner. */
export class UnfitModelError extends Error {}

const HF_FILES = ['model.safetensors', 'config.json'];
/** Libraries that load a repository of Hugging Face, the preferred one first. */
const HF_FORMATS = ['transformers', 'timm'];
const CARD = 'README.md';

/** The files of a network, by their names in the bucket. @throws UnfitModelError */
export async function filesOf(
  db: Database,
  { target, variant }: ClaimedPush,
  { jobId }: ModelRow,
): Promise<PushedFile[]> {
  const all = (await findArtifacts(db, jobId)).map(({ name, mediaType, sizeBytes, sha256 }) => ({
    name,
    mediaType,
    sizeBytes: Number(sizeBytes),
    sha256,
  }));
  const card = all.filter(({ name }) => name === CARD);
  const within = (folder: string) =>
    all
      .filter(({ name }) => name.startsWith(folder))
      .map((file) => ({ ...file, name: file.name.slice(folder.length) }));
  if (target !== 'hf') {
    const files = within(`${variant}/`);
    if (files.length === 0) throw new UnfitModelError(`the model has no files of its ${variant} network`);
    return [...files, ...card];
  }
  for (const format of HF_FORMATS) {
    const files = within(`${variant}/${format}/`).filter(({ name }) => HF_FILES.includes(name));
    if (files.length === HF_FILES.length) return [...files, ...card];
  }
  throw new UnfitModelError(
    `the ${variant} network has no export that Hugging Face's libraries load; train it with the export transformers or timm`,
  );
}
