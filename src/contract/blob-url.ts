/** The place of the bytes that BLOB_URL names: a folder that all processes share, or a bucket of an S3-compatible store. */
export type BlobPlace = { readonly kind: 'folder'; readonly url: URL } | S3Place;

export interface S3Place {
  readonly kind: 's3';
  readonly bucket: string;
  /** Begins every key: empty, or ends with a slash. */
  readonly prefix: string;
  /** Absent: Amazon's own for the region. */
  readonly endpoint: string | null;
  /** Absent: that of the AWS environment, else `us-east-1`. */
  readonly region: string | null;
  /** Whether the bucket is the first part of the path rather than of the host name. */
  readonly pathStyle: boolean;
}

export const BLOB_URL_FORMS =
  'file:///absolute/path or s3://bucket/prefix?endpoint=https://host:port&region=name';

const PARAMETERS = ['endpoint', 'region', 'path_style'];
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const PREFIX = /^[A-Za-z0-9_][A-Za-z0-9_.-]*(\/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$/;

/** @throws RangeError that says what is wrong with the URL, and what it should be */
export function parseBlobUrl(blobUrl: string): BlobPlace {
  const url = URL.canParse(blobUrl) ? new URL(blobUrl) : null;
  if (url?.protocol === 'file:') return { kind: 'folder', url };
  if (url?.protocol !== 's3:') throw new RangeError(`must be ${BLOB_URL_FORMS}`);
  if (url.username || url.password)
    throw new RangeError(
      'must not contain credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead',
    );
  if (!BUCKET.test(url.host)) throw new RangeError(`names no valid bucket; it must be ${BLOB_URL_FORMS}`);
  const unknown = [...url.searchParams.keys()].find((name) => !PARAMETERS.includes(name));
  if (unknown !== undefined)
    throw new RangeError(`has the unknown parameter ${unknown}; it takes ${PARAMETERS.join(', ')}`);
  const endpoint = endpointOf(url.searchParams.get('endpoint'));
  return {
    kind: 's3',
    bucket: url.host,
    prefix: prefixOf(url.pathname),
    endpoint,
    region: url.searchParams.get('region') || null,
    pathStyle: pathStyleOf(url.searchParams.get('path_style'), endpoint !== null),
  };
}

function prefixOf(pathname: string): string {
  const path = pathname.replace(/^\/|\/$/g, '');
  if (path === '') return '';
  if (!PREFIX.test(path))
    throw new RangeError(
      'has an invalid prefix; it takes letters, digits, _, . and -, in parts separated by /',
    );
  return `${path}/`;
}

function endpointOf(text: string | null): string | null {
  if (text === null) return null;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new RangeError('has an invalid endpoint; it must be a URL like https://host:port');
}

/** Stores other than Amazon's seldom have a host name for each bucket. */
function pathStyleOf(text: string | null, isOwnEndpoint: boolean): boolean {
  if (text === null) return isOwnEndpoint;
  if (text === 'true' || text === 'false') return text === 'true';
  throw new RangeError('has an invalid path_style; it must be true or false');
}
