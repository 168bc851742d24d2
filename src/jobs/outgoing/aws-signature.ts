import { Hash } from '@smithy/core/serde';
import { SignatureV4 } from '@smithy/signature-v4';

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

/** SHA-256, and its HMAC, as the signer makes them. */
const Sha256 = Hash.bind(null, 'sha256');

/** The headers of a request to S3, signed by AWS Signature Version 4 in one chunk. */
export async function signedHeaders(
  { method, url, sha256, headers }: SignedRequest,
  credentials: AwsCredentials,
  region: string,
  now: Date,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    ...{ service: 's3', region, credentials, sha256: Sha256 },
    // S3 takes names as the address has them.
    uriEscapePath: false,
  });
  const signed = await signer.sign(
    {
      ...{ method, protocol: url.protocol, hostname: url.hostname, path: url.pathname },
      headers: { ...headers, host: url.host, 'x-amz-content-sha256': sha256 },
    },
    { signingDate: now },
  );
  return signed.headers;
}
