import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BlobCache, DEFAULT_CACHE_MB } from './blob-cache.js';
import { parseBlobUrl } from './blob-url.js';
import { messageOf } from './message-of.js';
import { nearest } from './nearest.js';
import { checkRedisUrl } from './redis-url.js';
import {
  LOG_LEVELS,
  type LogLevel,
  OTHER_VARIABLES,
  SETTINGS,
  type SettingName,
} from './setting-descriptions.js';
import { parseStreamAddress, STREAM_ADDRESS_FORM, type StreamAddress } from './stream-address.js';

/** The service's settings, each from one environment variable. */
export interface Settings {
  port: number;
  host: string;
  /** Absolute path of the folder that holds all data. */
  home: string;
  /** Absent: the embedded server. */
  databaseUrl?: string;
  /** The same database without a pooler. Absent: `databaseUrl`. */
  directUrl?: string;
  /** Absent: a local server. */
  redisUrl?: string;
  blobUrl: string;
  /** Copies of blobs on this host, where BLOB_URL is a bucket. */
  blobCache: BlobCache;
  /** Seconds for which the address of a download in the bucket is valid. 0: the API sends the bytes itself. */
  presignedS: number;
  /** Absent: the worker uses `defaultSlots`. */
  slots?: number;
  threads: number;
  /** Megabytes of model files that a worker keeps loaded for predictions. 0: no predictions. */
  predictorMb: number;
  /** Address of the first slot for other hosts. Absent: this machine takes no part in gangs across hosts. */
  streamAddress?: StreamAddress;
  /** Limit for one API key. 0: no limit. */
  requestsPerMinute: number;
  /** Seconds of training between two checkpoints of a task. */
  checkpointS: number;
  /** Seconds after which a trainer that reports nothing is killed. */
  noProgressS: number;
  /** Seconds after which an idle trainer ends. */
  trainerIdleS: number;
  /** 64 hex digits. Absent: the key in a file of the home folder. */
  secretKey?: string;
  outgoingAllow: readonly string[];
  /** Days for which artifacts are kept after the end of their job. Absent: forever. */
  retentionDays?: number;
  /** Bytes that a tenant may have stored. Absent: no limit. */
  tenantBytes?: number;
  /** Bytes that uploads leave free on the disk; absent: 5 % of it, and 1 GB at most. */
  diskReserveBytes?: number;
  /** Limit for an upload, and for its unpacked files. */
  uploadLimitBytes: number;
  unpackLimitBytes: number;
  /** Maximum number of seconds to download a dataset from a URL. */
  fetchS: number;
  /** Absent: this machine has no files of built-in datasets. */
  datasetsFolder?: string;
  /** Limit for one dataset. */
  imageLimit: number;
  classLimit: number;
  /** Height times width of one image. */
  imagePixels: number;
  /** Text of the first API key. Absent: somebody creates it by a command. */
  bootstrapKey?: string;
  logLevel: LogLevel;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** All invalid settings at once, each with its valid values. */
export class SettingsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`Invalid settings in the environment:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

/**
 * Reads the settings from environment variables. An empty variable counts as absent. `cwd` resolves STRATA_HOME.
 */
export function parseSettings(env: Environment, cwd: string = process.cwd()): Settings {
  const problems = unknownSettings(env);
  const read = new Reader(env, problems);
  const home = resolve(cwd, read.text('STRATA_HOME') ?? '.strata');
  const databaseUrl = read.url('DATABASE_URL', ['postgres:', 'postgresql:']);
  const directUrl = read.url('DATABASE_DIRECT_URL', ['postgres:', 'postgresql:']);
  if (directUrl && !databaseUrl) problems.push('DATABASE_DIRECT_URL needs DATABASE_URL beside it');
  const redisUrl = read.redisUrl('REDIS_URL');
  const slots = read.integer('STRATA_SLOTS', 1, 1024);
  const secretKey = read.hex('STRATA_SECRET_KEY', 64);
  const datasets = read.text('STRATA_DATASETS');
  const bootstrapKey = read.text('STRATA_BOOTSTRAP_KEY');
  const retentionDays = read.integer('STRATA_RETENTION_DAYS', 1, 36_500);
  const tenantBytes = read.integer('STRATA_TENANT_BYTES', 1, Number.MAX_SAFE_INTEGER);
  const diskReserveBytes = read.integer('STRATA_DISK_RESERVE', 0, Number.MAX_SAFE_INTEGER);
  const streamAddress = read.streamAddress('STRATA_STREAM_ADDRESS');
  const settings: Settings = {
    port: read.integer('PORT', 0, 65535) ?? 3000,
    host: read.text('HOST') ?? '127.0.0.1',
    home,
    ...(databaseUrl && { databaseUrl }),
    ...(directUrl && { directUrl }),
    ...(redisUrl && { redisUrl }),
    blobUrl: read.blobUrl('BLOB_URL') ?? pathToFileURL(resolve(home, 'blobs')).href,
    blobCache: {
      folder: resolve(home, 'blob-cache'),
      maxBytes: (read.integer('STRATA_BLOB_CACHE_MB', 1, 1_000_000_000) ?? DEFAULT_CACHE_MB) * 1e6,
    },
    presignedS: read.integer('STRATA_PRESIGNED_S', 0, 3_600) ?? 0,
    ...(slots && { slots }),
    ...(streamAddress && { streamAddress }),
    ...(retentionDays && { retentionDays }),
    ...(bootstrapKey && { bootstrapKey }),
    ...(datasets && { datasetsFolder: resolve(cwd, datasets) }),
    uploadLimitBytes: read.integer('STRATA_UPLOAD_LIMIT', 1, Number.MAX_SAFE_INTEGER) ?? 20_000_000_000,
    unpackLimitBytes: read.integer('STRATA_UNPACK_LIMIT', 1, Number.MAX_SAFE_INTEGER) ?? 100_000_000_000,
    fetchS: read.integer('STRATA_FETCH_S', 1, 1_000_000) ?? 3_600,
    imageLimit: read.integer('STRATA_IMAGE_LIMIT', 1, 100_000_000) ?? 2_000_000,
    // Labels are uint16.
    classLimit: read.integer('STRATA_CLASS_LIMIT', 2, 65_536) ?? 10_000,
    // A decoded image is kept in memory, with three bytes per pixel.
    imagePixels: read.integer('STRATA_IMAGE_PIXELS', 1, 500_000_000) ?? 25_000_000,
    threads: read.integer('STRATA_THREADS', 1, 1024) ?? 1,
    predictorMb: read.integer('STRATA_PREDICTOR_MB', 0, 1_000_000) ?? 512,
    ...(tenantBytes && { tenantBytes }),
    ...(diskReserveBytes !== undefined && { diskReserveBytes }),
    ...(secretKey && { secretKey }),
    outgoingAllow: read.list('STRATA_OUTGOING_ALLOW'),
    requestsPerMinute: read.integer('STRATA_RATE_LIMIT', 0, 1_000_000) ?? 1200,
    checkpointS: read.integer('STRATA_CHECKPOINT_S', 1, 86_400) ?? 30,
    noProgressS: read.integer('STRATA_NO_PROGRESS_S', 1, 86_400) ?? 300,
    trainerIdleS: read.integer('STRATA_TRAINER_IDLE_S', 1, 1_000_000) ?? 60,
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
  };
  if (settings.presignedS > 0 && !settings.blobUrl.startsWith('s3:'))
    problems.push(
      'STRATA_PRESIGNED_S is set, but BLOB_URL is no bucket, and only a bucket has addresses: leave it out, or use s3://',
    );
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
}

const PREFIX = 'STRATA_';

function withoutPrefix(name: string): string {
  return name.replace(PREFIX, '');
}

/** A misspelled setting would be ignored in silence. */
function unknownSettings(env: Environment): string[] {
  const names: readonly string[] = SETTINGS.map(({ name }) => name);
  return Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && env[name])
    .filter((name) => !names.includes(name) && !OTHER_VARIABLES.includes(name))
    .map((name) => {
      const similar = nearest(withoutPrefix(name), names.map(withoutPrefix));
      const meant = names.find((known) => withoutPrefix(known) === similar);
      const remedy = meant ? `did you mean ${meant}?` : 'docs/operating.md lists the settings';
      return `${name} is not a setting; ${remedy}`;
    });
}

/** Default number of slots: one per GPU, otherwise as many as the cores can serve. */
export function defaultSlots(machine: { cores: number; gpus: number }, threads: number): number {
  return machine.gpus > 0 ? machine.gpus : Math.max(1, Math.floor(machine.cores / threads));
}

class Reader {
  constructor(
    private readonly env: Environment,
    private readonly problems: string[],
  ) {}

  text(name: SettingName): string | undefined {
    return this.env[name] || undefined;
  }

  integer(name: SettingName, min: number, max: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    return this.refuse(name, text, `a whole number from ${min} to ${max}`);
  }

  url(name: SettingName, protocols: readonly string[]): string | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return text;
    // The message omits the value, because it may contain a password.
    this.problems.push(
      `${name} must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );
    return undefined;
  }

  redisUrl(name: SettingName): string | undefined {
    const text = this.url(name, ['redis:', 'rediss:']);
    return text && this.parsed(name, text, checkRedisUrl);
  }

  blobUrl(name: SettingName): string | undefined {
    const text = this.text(name);
    return text && this.parsed(name, text, parseBlobUrl);
  }

  private parsed(name: SettingName, text: string, parse: (text: string) => unknown): string | undefined {
    try {
      parse(text);
      return text;
    } catch (error) {
      // The message omits the value, because it may contain a password.
      this.problems.push(`${name} ${messageOf(error)}`);
      return undefined;
    }
  }

  streamAddress(name: SettingName): StreamAddress | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    return parseStreamAddress(text) ?? this.refuse(name, text, STREAM_ADDRESS_FORM);
  }

  hex(name: SettingName, digits: number): string | undefined {
    const text = this.text(name);
    if (text === undefined || new RegExp(`^[0-9a-f]{${digits}}$`, 'i').test(text)) return text;
    // The message omits the value, because it is a secret.
    this.problems.push(
      `${name} must be ${digits} hex digits; create them with \`openssl rand -hex ${digits / 2}\``,
    );
    return undefined;
  }

  /** A list separated by commas, in lower case. */
  list(name: SettingName): string[] {
    const items = this.text(name)?.toLowerCase().split(',') ?? [];
    return items.map((item) => item.trim()).filter((item) => item !== '');
  }

  oneOf<T extends string>(name: SettingName, values: readonly T[]): T | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const found = values.find((value) => value === text);
    return found ?? this.refuse(name, text, `one of ${values.join(', ')}`);
  }

  private refuse(name: SettingName, text: string, wanted: string): undefined {
    this.problems.push(`${name} is '${text}', but must be ${wanted}`);
  }
}
