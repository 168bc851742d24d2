import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Api, Schemas } from './api.js';

export interface ExportedFile {
  path: string;
  url: string;
  bytes: number;
}

/** Downloads the artifacts of a job to a folder and checks their sha256. */
export async function downloadExports(
  api: Api,
  job: Schemas['Job'],
  folder: string,
): Promise<ExportedFile[]> {
  const { data } = await api.get<Schemas['ArtifactList']>(job.links.artifacts);
  return Promise.all(data.map((artifact) => downloadOne(api, artifact, folder)));
}

async function downloadOne(api: Api, artifact: Schemas['Artifact'], folder: string): Promise<ExportedFile> {
  const path = join(folder, artifact.name);
  if (relative(folder, path).startsWith('..'))
    throw new Error(`The artifact '${artifact.name}' would leave ${folder}`);
  const bytes = await api.download(artifact.links.content);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== artifact.sha256)
    throw new Error(`The downloaded file '${artifact.name}' differs from the exported file`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return { path, url: new URL(artifact.links.content, api.baseUrl).href, bytes: bytes.length };
}
