import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nearest } from './nearest.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** The service's settings, each from one environment variable. */
export interface Settings {
  port: number;
  host: string;
  /** Absolute path of the folder that holds all data. */
  home: string;
  /** Absent: the embedded server. */
  databaseUrl?: string;
  /** Absent: a local server. */
  redisUrl?: string;
  blobUrl: string;
  /** Absent: the worker uses `defaultSlots`. */
  slots?: number;
  threads: number;
  /** Megabytes of model files that a worker keeps loaded for predictions. 0: no predictions. */
  predictorMb: number;
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
  logLevel: LogLevel;
}

export interface SettingDescription {
  name: string;
  default: string;
  meaning: string;
}

/** One row per setting. The table in the documentation is generated from it. */
export const SETTINGS = [
  { name: 'PORT', default: '3000', meaning: 'Port of the API. 0 takes a free port.' },
  { name: 'HOST', default: '127.0.0.1', meaning: 'Address on which the API listens.' },
  { name: 'STRATA_HOME', default: '.strata', meaning: 'Folder for all data.' },
  {
    name: 'DATABASE_URL',
    default: 'embedded Postgres',
    meaning: 'Postgres server to use, as postgresql://user:password@host:port/database.',
  },
  {
    name: 'REDIS_URL',
    default: 'local Redis or Valkey',
    meaning: 'Redis >= 6.2 or Valkey server to use. Its maxmemory-policy must be noeviction.',
  },
  {
    name: 'BLOB_URL',
    default: 'file://$STRATA_HOME/blobs',
    meaning: 'Storage for weights, corrections and exports, as file:///absolute/path.',
  },
  {
    name: 'STRATA_SLOTS',
    default: 'number of GPUs, else cores / STRATA_THREADS',
    meaning: 'Number of stage tasks that this machine runs at the same time.',
  },
  {
    name: 'STRATA_THREADS',
    default: '1',
    meaning: 'Number of compute threads per CPU slot. Each slot also decodes this many images at once.',
  },
  {
    name: 'STRATA_PREDICTOR_MB',
    default: '512',
    meaning:
      'Megabytes of model files that a worker keeps loaded for predictions. The prediction process takes about 100 MB more. 0: the worker serves no predictions.',
  },
  {
    name: 'STRATA_RATE_LIMIT',
    default: '1200',
    meaning: 'Maximum number of requests per API key and minute. 0: no limit.',
  },
  {
    name: 'STRATA_CHECKPOINT_S',
    default: '30',
    meaning: 'Seconds of training between two checkpoints of a task. A fault costs at most this much work.',
  },
  {
    name: 'STRATA_NO_PROGRESS_S',
    default: '300',
    meaning:
      'A trainer that reports nothing for this many seconds is killed. Must be longer than one optimizer step.',
  },
  {
    name: 'STRATA_TRAINER_IDLE_S',
    default: '60',
    meaning:
      'A trainer without a task ends after this many seconds and frees its memory (120 MB or more). An import ends idle trainers at once. The next task starts a trainer in about a second.',
  },
  {
    name: 'STRATA_SECRET_KEY',
    default: 'the file secret.key in STRATA_HOME, created once',
    meaning:
      'Key that encrypts secrets in the database, 64 hex digits. The API and the dispatcher need the same key.',
  },
  {
    name: 'STRATA_OUTGOING_ALLOW',
    default: 'none',
    meaning:
      'Hosts, separated by commas, that the URLs of webhooks, trackers and datasets may use although they are private or use plain HTTP: `host` or `host:port`. With `webhook=`, `tracker=` or `dataset=` before it, an entry holds for this use only.',
  },
  {
    name: 'STRATA_RETENTION_DAYS',
    default: 'forever',
    meaning:
      'Days for which a job keeps its artifacts after its end. The artifacts of a tagged model stay. The record, events and metrics of the job always stay.',
  },
  {
    name: 'STRATA_UPLOAD_LIMIT',
    default: '20000000000',
    meaning: 'Maximum size of an uploaded or downloaded dataset, in bytes.',
  },
  {
    name: 'STRATA_TENANT_BYTES',
    default: 'no limit',
    meaning:
      'Bytes that the datasets, uploads, artifacts and checkpoints of one tenant may take. Above it, new uploads, datasets and jobs are refused.',
  },
  {
    name: 'STRATA_DISK_RESERVE',
    default: '5 % of the disk, at most 1 GB',
    meaning: 'Bytes that uploads and fetches leave free on a disk, for jobs and the database.',
  },
  {
    name: 'STRATA_FETCH_S',
    default: '3600',
    meaning: 'Maximum time to download a dataset from a URL, in seconds.',
  },
  {
    name: 'STRATA_DATASETS',
    default: 'none',
    meaning:
      'Folder with files of built-in datasets (docs/datasets.md), for workers that cannot reach the official addresses.',
  },
  {
    name: 'STRATA_UNPACK_LIMIT',
    default: '100000000000',
    meaning: 'Maximum size of the unpacked files of an archive, in bytes.',
  },
  { name: 'STRATA_IMAGE_LIMIT', default: '2000000', meaning: 'Maximum number of images in a dataset.' },
  { name: 'STRATA_CLASS_LIMIT', default: '10000', meaning: 'Maximum number of classes in a dataset.' },
  {
    name: 'STRATA_IMAGE_PIXELS',
    default: '25000000',
    meaning: 'Maximum number of pixels of an image (height x width).',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: `One of ${LOG_LEVELS.join(', ')}.` },
] as const satisfies readonly SettingDescription[];

export type SettingName = (typeof SETTINGS)[number]['name'];
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of ours that are no settings: they are read elsewhere, or handed from one process to another. */
const OTHER_VARIABLES = [
  'STRATA_API_KEY',
  'STRATA_BFLOAT16',
  'STRATA_BLOB_URL',
  'STRATA_NPM_CI',
  'STRATA_URL',
];

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
  const redisUrl = read.url('REDIS_URL', ['redis:', 'rediss:']);
  const slots = read.integer('STRATA_SLOTS', 1, 1024);
  const secretKey = read.hex('STRATA_SECRET_KEY', 64);
  const datasets = read.text('STRATA_DATASETS');
  const retentionDays = read.integer('STRATA_RETENTION_DAYS', 1, 36_500);
  const tenantBytes = read.integer('STRATA_TENANT_BYTES', 1, Number.MAX_SAFE_INTEGER);
  const diskReserveBytes = read.integer('STRATA_DISK_RESERVE', 0, Number.MAX_SAFE_INTEGER);
  const settings: Settings = {
    port: read.integer('PORT', 0, 65535) ?? 3000,
    host: read.text('HOST') ?? '127.0.0.1',
    home,
    ...(databaseUrl && { databaseUrl }),
    ...(redisUrl && { redisUrl }),
    blobUrl: read.url('BLOB_URL', ['file:']) ?? pathToFileURL(resolve(home, 'blobs')).href,
    ...(slots && { slots }),
    ...(retentionDays && { retentionDays }),
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
