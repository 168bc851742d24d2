import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface SignedRequest {
  readonly method: 'PUT' | 'GET';
  readonly url: URL;
  /** The hash of the body, in hex. */
  readonly sha256: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The headers of a request to S3, signed by AWS Signature Version 4 in one chunk
 * (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
 */
export function signedHeaders(
  { method, url, sha256, headers }: SignedRequest,
  { accessKeyId, secretAccessKey }: AwsCredentials,
  region: string,
  now: Date,
): Record<string, string> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const all = { ...headers, host: url.host, 'x-amz-content-sha256': sha256, 'x-amz-date': time };
  const names = Object.keys(all).sort();
  const lines = Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  const canonical = [method, url.pathname, '', lines.join(''), names.join(';'), sha256].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, hash(canonical)].join('\n');
  const key = scope
    .split('/')
    .reduce<Buffer | string>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      `AWS4${secretAccessKey}`,
    );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...all, authorization };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
