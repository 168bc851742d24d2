import type { Connection } from './http.js';
import { problemOf } from './problem.js';

/** The version of the protocol (https://tus.io). */
const TUS = { 'tus-resumable': '1.0.0' };

/** Files in pieces: an upload goes on where it was after any break. A dataset is then made of its id. */
export function uploadsApi({ url, headers, fetch }: Connection) {
  const send = async (path: string, init: RequestInit): Promise<Response> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      headers: { ...headers, ...TUS, ...(init.headers as Record<string, string> | undefined) },
    });
    if (!response.ok) throw await problemOf(response);
    return response;
  };
  const at = (id: string) => `/uploads/${encodeURIComponent(id)}`;
  const offsetOf = (response: Response) => Number(response.headers.get('upload-offset'));
  return {
    /** Begins an upload. @returns its id */
    async create(sizeBytes: number): Promise<string> {
      const response = await send('/uploads', {
        method: 'POST',
        headers: { 'upload-length': String(sizeBytes) },
      });
      return response.headers.get('location')?.split('/').at(-1) ?? '';
    },
    /** Number of bytes that the server has. @throws StrataProblem `not_found`, for example after a day */
    offset: async (id: string): Promise<number> => offsetOf(await send(at(id), { method: 'HEAD' })),
    /** Sends the bytes that begin at `offset`. @returns the next offset */
    async append(id: string, offset: number, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
      const response = await send(at(id), {
        method: 'PATCH',
        headers: { 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) },
        body: bytes,
      });
      return offsetOf(response);
    },
  };
}
