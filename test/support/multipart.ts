import type { InjectOptions } from 'fastify';

const BOUNDARY = 'strata-test-boundary';

/** A multipart body as `curl -F` sends it. A Buffer is sent as a file. */
export function multipartOf(
  fields: Readonly<Record<string, string | Buffer>>,
): Required<Pick<InjectOptions, 'headers'>> & { payload: Buffer } {
  const parts = Object.entries(fields).map(([name, value]) => {
    const file =
      typeof value === 'string' ? '' : '; filename="data.zip"\r\nContent-Type: application/octet-stream';
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), Buffer.from(value), Buffer.from('\r\n')]);
  });
  return {
    payload: Buffer.concat([...parts, Buffer.from(`--${BOUNDARY}--\r\n`)]),
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
  };
}
