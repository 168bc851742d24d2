import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Artifact, Job, StrataClient } from '../../../../client/src/index.js';

export interface ExportedFile {
  path: string;
  url: string;
  bytes: number;
}

/** Downloads the artifacts of a job to a folder. The client checks their sha256. */
export async function downloadExports(
  client: StrataClient,
  apiUrl: string,
  job: Job,
  folder: string,
): Promise<ExportedFile[]> {
  const artifacts = await client.artifacts.list(job.id);
  return Promise.all(
    artifacts.map(async (artifact) => {
      const { path, bytes } = await downloadOne(client, artifact, folder);
      return { path, url: new URL(artifact.links.content, apiUrl).href, bytes };
    }),
  );
}

async function downloadOne(
  client: StrataClient,
  artifact: Artifact,
  folder: string,
): Promise<{ path: string; bytes: number }> {
  const path = join(folder, artifact.name);
  if (relative(folder, path).startsWith('..'))
    throw new Error(`The artifact '${artifact.name}' would leave ${folder}`);
  const bytes = await client.artifacts.download(artifact);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return { path, bytes: bytes.length };
}
