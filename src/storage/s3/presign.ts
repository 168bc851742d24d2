import { GetObjectCommand } from '@aws-sdk/client-s3';
import { SignatureV4 } from '@smithy/signature-v4';
import type { DownloadAs } from '../blob-store.js';
import type { Connection } from './connection.js';

/** The bytes of a request are not signed: one that reads has none. */
const UNSIGNED = 'UNSIGNED-PAYLOAD';

/** A request that the SDK has made of a command, and not signed yet. */
interface Prepared {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
}

/**
 * An address from which whoever has it can read the object, until it expires. Nothing is asked of the store. It carries a
 * signature of our credentials, and the session token of temporary ones, but not the secret.
 */
export async function presignedUrl(
  connection: Connection,
  key: string,
  { contentDisposition, contentType, seconds }: DownloadAs,
): Promise<string> {
  const { client, place, ask } = connection;
  const command = new GetObjectCommand({
    Bucket: place.bucket,
    Key: key,
    ResponseContentDisposition: contentDisposition,
    ResponseContentType: contentType,
    ResponseCacheControl: 'private',
  });
  const { protocol, hostname, port, path, query = {} } = await ask(() => prepare(connection, command));
  const host = port === undefined ? hostname : `${hostname}:${port}`;
  const signer = new SignatureV4({
    service: 's3',
    region: client.config.region,
    credentials: client.config.credentials,
    sha256: client.config.sha256,
    uriEscapePath: false,
  });
  const headers = { host, 'x-amz-content-sha256': UNSIGNED };
  const request = { method: 'GET', protocol, hostname, path, query: { ...query }, headers };
  const signed = await ask(() => signer.presign(request, { expiresIn: seconds }));
  const url = new URL(`${protocol}//${host}${path}`);
  for (const [name, value] of Object.entries(signed.query ?? {}))
    url.searchParams.append(name, String(value));
  return url.href;
}

/** The request that the SDK would sign and send. */
async function prepare({ client }: Connection, command: GetObjectCommand): Promise<Prepared> {
  let prepared: Prepared | null = null;
  command.middlewareStack.add(
    () => async (args) => {
      prepared = args.request as Prepared;
      return { output: { $metadata: {} }, response: {} };
    },
    { step: 'build', priority: 'low' },
  );
  await client.send(command);
  if (prepared === null) throw new TypeError('the SDK made no request of the command');
  return prepared;
}
