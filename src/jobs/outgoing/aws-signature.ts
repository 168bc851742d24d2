import { createHash, createHmac } from 'node:crypto';
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

type Bytes = string | ArrayBuffer | ArrayBufferView;

/** SHA-256, or its HMAC with a secret, as the signer asks for it. */
class Sha256 {
  readonly #hash;

  constructor(secret?: Bytes) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', viewOf(secret));
  }

  update(data: Bytes): void {
    this.#hash.update(viewOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function viewOf(data: Bytes): string | Uint8Array {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

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
