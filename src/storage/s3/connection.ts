import { HeadBucketCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import type { S3Place } from '../../contract/blob-url.js';
import { isAbsent, toStoreError } from './failures.js';

const CONNECT_MS = 5_000;
const SILENCE_MS = 30_000;
const CONNECTIONS = 32;
const NO_NODE_WARNING = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

/** A client of one bucket. The only import of the SDK's client, which takes a third of a second to load. */
export interface Connection {
  readonly client: S3Client;
  readonly place: S3Place;
  /** A store that says nothing for this long, also in the middle of an answer, is asked again. */
  readonly silenceMs: number;
  /** Ends reads, where they have one. */
  readonly signal?: AbortSignal;
  /** Runs a request, and gives its failure a code of the catalogue. @throws BlobStoreError */
  ask<T>(request: () => Promise<T>): Promise<T>;
  /** The same, where there may be no such object. @returns null for an absent one */
  find<T>(request: () => Promise<T>): Promise<T | null>;
  /** The time by the clock of the store, in seconds. */
  now(): Promise<Date>;
}

/**
 * Opens a client. Credentials, the retry mode and the number of attempts (three, unless set) come from the AWS
 * environment: `AWS_ACCESS_KEY_ID`, `AWS_RETRY_MODE`, `AWS_MAX_ATTEMPTS` and so on. Checksums are ours, sha256, so
 * the SDK adds no others.
 */
export function connect(place: S3Place, silenceMs = SILENCE_MS): Connection {
  // A warning about coming versions of Node would be in the logs of every task.
  process.env[NO_NODE_WARNING] ??= 'true';
  const client = new S3Client(clientOptions(place, silenceMs));
  const ask = async <T>(request: () => Promise<T>): Promise<T> => {
    try {
      return await request();
    } catch (error) {
      throw toStoreError(error);
    }
  };
  const find = async <T>(request: () => Promise<T>): Promise<T | null> => {
    try {
      return await request();
    } catch (error) {
      if (isAbsent(error)) return null;
      throw toStoreError(error);
    }
  };
  return { client, place, silenceMs, ask, find, now: () => ask(() => clockOf(client, place.bucket)) };
}

/** Options of a client of this place's store. */
export function clientOptions(place: S3Place, silenceMs: number): S3ClientConfig {
  return {
    ...(place.endpoint !== null && { endpoint: place.endpoint }),
    region: place.region ?? process.env.AWS_REGION ?? 'us-east-1',
    forcePathStyle: place.pathStyle,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      socketTimeout: silenceMs,
      httpAgent: { maxSockets: CONNECTIONS },
      httpsAgent: { maxSockets: CONNECTIONS },
    },
  };
}

/** Every answer carries the clock of the store. */
async function clockOf(client: S3Client, bucket: string): Promise<Date> {
  const command = new HeadBucketCommand({ Bucket: bucket });
  let date: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      date = headerOf(result.response, 'date');
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  await client.send(command);
  const time = new Date(date ?? '');
  if (Number.isNaN(time.getTime())) throw new Error('the store answers without a date');
  return time;
}

function headerOf(response: unknown, name: string): string | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name);
  return typeof found?.[1] === 'string' ? found[1] : undefined;
}
