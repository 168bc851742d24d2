import { createReadStream } from 'node:fs';
import type { Artifact } from '../../contract/client/jobs.js';
import { StrataError } from '../../contract/errors.js';
import type { Handler } from '../handler.js';
import { attachment } from '../http/content-disposition.js';
import { found } from '../http/found.js';
import { matchesEtag, parseRange } from '../http/range.js';
import { zipOf } from '../http/zip.js';

export const downloadArtifact: Handler<'downloadArtifact'> = async ({
  client,
  isHead,
  params: { id },
  headers,
}) => {
  // The address is for GET alone, and the bucket knows no ETag of ours.
  const isPlain = !isHead && headers['if-none-match'] === undefined && headers['if-range'] === undefined;
  const place = await client.jobs.downloadArtifact(id, isPlain ? attachment : undefined);
  if ('url' in place) return { status: 302, headers: { location: place.url, 'cache-control': 'no-store' } };
  const { path, artifact } = place;
  const size = artifact.size_bytes;
  const common = headersOf(artifact);
  if (matchesEtag(headers['if-none-match'], common.etag)) return { status: 304, headers: common };
  const isCurrent = headers['if-range'] === undefined || headers['if-range'] === common.etag;
  const range = isCurrent ? parseRange(headers.range, size) : 'whole';
  if (range === 'unsatisfiable') throw outside(size);
  if (range === 'whole') {
    const whole = { ...common, 'content-length': String(size) };
    return { status: 200, headers: whole, body: createReadStream(path) };
  }
  const { start, end } = range;
  const part = {
    ...common,
    'content-length': String(end - start + 1),
    'content-range': `bytes ${start}-${end}/${size}`,
  };
  return { status: 206, headers: part, body: createReadStream(path, { start, end }) };
};

function headersOf({ sha256, name, media_type }: Artifact) {
  return {
    etag: `"${sha256}"`,
    'accept-ranges': 'bytes',
    'content-disposition': attachment(name),
    'content-type': media_type,
    // The bytes for an id never change. Only authorized callers may cache them.
    'cache-control': 'private, max-age=31536000, immutable',
  };
}

function outside(size: number): StrataError {
  return new StrataError('range_not_satisfiable', `The artifact has ${size} bytes. Offsets start at 0.`, {
    headers: { 'content-range': `bytes */${size}` },
  });
}

export const getArtifact: Handler<'getArtifact'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: found(await client.jobs.getArtifact(id), 'artifact', id),
});

export const listJobArtifacts: Handler<'listJobArtifacts'> = async ({ client, params: { id } }) => ({
  status: 200,
  body: await client.jobs.listJobArtifacts(id),
});

export const downloadJobArtifacts: Handler<'downloadJobArtifacts'> = async ({ client, params: { id } }) => {
  const found = await client.jobs.downloadJobArtifacts(id);
  const entries = found.map(({ path, artifact: { name } }) => ({ path, name }));
  const { sizeBytes, stream } = await zipOf(entries);
  const headers = {
    'content-disposition': attachment(`${id}.zip`),
    'content-length': String(sizeBytes),
    'content-type': 'application/zip',
  };
  return { status: 200, headers, body: stream };
};
