import type { components } from './generated/openapi.js';
import { answered, type Connection } from './http.js';
import { problemOf } from './problem.js';

export type Artifact = components['schemas']['Artifact'];

/** The downloaded bytes differ from the stored ones. */
export class ChecksumError extends Error {
  constructor(
    readonly artifact: Artifact,
    readonly sha256: string,
  ) {
    super(`${artifact.name}: sha256 is ${sha256}, but should be ${artifact.sha256}`);
    this.name = 'ChecksumError';
  }
}

export function artifactsApi({ url, headers, fetch, http }: Connection) {
  const get = (id: string): Promise<Artifact> =>
    answered(http.GET('/artifacts/{id}', { params: { path: { id } } }));
  const open = async (artifact: Artifact): Promise<Response> => {
    const response = await fetch(`${url}${artifact.links.content}`, { headers });
    if (!response.ok) throw await problemOf(response);
    return response;
  };
  return {
    get,
    /** The bytes as they arrive, unchecked. @throws StrataProblem */
    async stream(artifact: Artifact): Promise<ReadableStream<Uint8Array>> {
      return (await open(artifact)).body ?? new Blob([]).stream();
    },
    list: async (jobId: string): Promise<Artifact[]> =>
      (await answered(http.GET('/jobs/{id}/artifacts', { params: { path: { id: jobId } } }))).data,
    /** All artifacts of a job as one zip archive, as it arrives. @throws StrataProblem */
    async archive(jobId: string): Promise<ReadableStream<Uint8Array>> {
      const response = await fetch(`${url}/jobs/${encodeURIComponent(jobId)}/archive`, { headers });
      if (!response.ok) throw await problemOf(response);
      return response.body ?? new Blob([]).stream();
    },
    /** Downloads the whole artifact and checks its sha256. @throws ChecksumError, StrataProblem */
    async download(which: string | Artifact): Promise<Uint8Array<ArrayBuffer>> {
      const artifact = typeof which === 'string' ? await get(which) : which;
      const bytes = new Uint8Array(await (await open(artifact)).arrayBuffer());
      const sha256 = hex(await crypto.subtle.digest('SHA-256', bytes));
      if (sha256 !== artifact.sha256) throw new ChecksumError(artifact, sha256);
      return bytes;
    },
  };
}

function hex(bytes: ArrayBuffer): string {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
