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
  /** Absent: decided by the worker with `defaultSlots`. */
  slots?: number;
  threads: number;
  /** Of model files that a worker keeps loaded to predict with; 0: it predicts nothing. */
  predictorMb: number;
  /** Of one API key; 0: any number. */
  requestsPerMinute: number;
  /** Seconds of training between two checkpoints of a task. */
  checkpointS: number;
  /** Seconds after which a trainer that reports nothing is killed. */
  noProgressS: number;
  /** After which an idle trainer ends. */
  trainerIdleS: number;
  /** 64 hex digits; absent: a file of the home. */
  secretKey?: string;
  outgoingAllow: readonly string[];
  /** Days for which artifacts are kept after their job's end. Absent: for ever. */
  retentionDays?: number;
  /** Bytes that uploads leave free on the disk; absent: 5 % of it, and 1 GB at most. */
  diskReserveBytes?: number;
  /** Of an upload, and of all that it unpacks to. */
  uploadLimitBytes: number;
  unpackLimitBytes: number;
  /** Seconds that fetching a dataset from a URL may take. */
  fetchS: number;
  /** Absent: files of built-in datasets lie nowhere on this machine. */
  datasetsFolder?: string;
  /** Of one dataset. */
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

/** One row for each setting, from which the documentation's table is made. */
export const SETTINGS = [
  { name: 'PORT', default: '3000', meaning: 'Port the API listens on; 0 takes a free one.' },
  { name: 'HOST', default: '127.0.0.1', meaning: 'Address the API listens on.' },
  { name: 'STRATA_HOME', default: '.strata', meaning: 'Folder that holds all data.' },
  {
    name: 'DATABASE_URL',
    default: 'embedded Postgres',
    meaning: 'Postgres to use, as postgresql://user:password@host:port/database.',
  },
  {
    name: 'REDIS_URL',
    default: 'local Redis or Valkey',
    meaning: 'Redis >= 6.2 or Valkey to use; its maxmemory-policy must be noeviction.',
  },
  {
    name: 'BLOB_URL',
    default: 'file://$STRATA_HOME/blobs',
    meaning: 'Where weights, corrections and exports are stored, as file:///absolute/path.',
  },
  {
    name: 'STRATA_SLOTS',
    default: 'number of GPUs, else cores / STRATA_THREADS',
    meaning: 'Stage tasks that run at the same time on this machine.',
  },
  {
    name: 'STRATA_THREADS',
    default: '1',
    meaning: 'Threads each CPU slot computes with, and images that each slot decodes at once beside that.',
  },
  {
    name: 'STRATA_PREDICTOR_MB',
    default: '512',
    meaning:
      'Megabytes of model files that a worker keeps loaded for predictions, in a process that takes about 100 MB beside them; 0: it answers none.',
  },
  {
    name: 'STRATA_RATE_LIMIT',
    default: '1200',
    meaning: 'Requests that one API key may send in a minute; 0: any number.',
  },
  {
    name: 'STRATA_CHECKPOINT_S',
    default: '30',
    meaning: 'Seconds of training between two checkpoints of a task: what a fault costs at most.',
  },
  {
    name: 'STRATA_NO_PROGRESS_S',
    default: '300',
    meaning: 'A trainer that reports nothing for so many seconds is killed; longer than one optimiser step.',
  },
  {
    name: 'STRATA_TRAINER_IDLE_S',
    default: '60',
    meaning:
      'Seconds without a task after which a trainer ends and its memory, 120 MB and more, is free; an import ends idle ones at once. The next task starts one, in about a second.',
  },
  {
    name: 'STRATA_SECRET_KEY',
    default: 'the file secret.key of STRATA_HOME, made once',
    meaning:
      'Key that seals signing secrets in the database, 64 hex digits, the same for the API and the dispatcher.',
  },
  {
    name: 'STRATA_OUTGOING_ALLOW',
    default: 'none',
    meaning:
      'Hosts, separated by commas, that webhooks, trackers and datasets’ URLs may name although they are private or speak plain HTTP.',
  },
  {
    name: 'STRATA_RETENTION_DAYS',
    default: 'for ever',
    meaning:
      'Days for which a job keeps its artifacts after its end, unless its model holds a tag; its record, events and metrics stay.',
  },
  {
    name: 'STRATA_UPLOAD_LIMIT',
    default: '20000000000',
    meaning: 'Bytes that one dataset may be uploaded or fetched as.',
  },
  {
    name: 'STRATA_DISK_RESERVE',
    default: '5 % of the disk, at most 1 GB',
    meaning: 'Bytes that uploads and fetches leave free on a disk, for jobs and the database.',
  },
  {
    name: 'STRATA_FETCH_S',
    default: '3600',
    meaning: 'Seconds that fetching one dataset from a URL may take.',
  },
  {
    name: 'STRATA_DATASETS',
    default: 'none',
    meaning:
      'Folder with files of built-in datasets (docs/datasets.md), for workers that do not reach their official addresses.',
  },
  {
    name: 'STRATA_UNPACK_LIMIT',
    default: '100000000000',
    meaning: 'Bytes that the files of one archive may unpack to.',
  },
  { name: 'STRATA_IMAGE_LIMIT', default: '2000000', meaning: 'Images that one dataset may have.' },
  { name: 'STRATA_CLASS_LIMIT', default: '10000', meaning: 'Classes that one dataset may have.' },
  {
    name: 'STRATA_IMAGE_PIXELS',
    default: '25000000',
    meaning: 'Pixels, height times width, that one image may have.',
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

/** Every wrong setting at once, each with what would be right. */
export class SettingsError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`Wrong settings in the environment:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
}

/** Reads the settings out of an environment. An empty variable counts as absent; `cwd` resolves STRATA_HOME. */
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
    // A decoded image is held whole, three bytes a pixel.
    imagePixels: read.integer('STRATA_IMAGE_PIXELS', 1, 500_000_000) ?? 25_000_000,
    threads: read.integer('STRATA_THREADS', 1, 1024) ?? 1,
    predictorMb: read.integer('STRATA_PREDICTOR_MB', 0, 1_000_000) ?? 512,
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
      const remedy = similar ? `did you mean ${PREFIX}${similar}?` : 'docs/operating.md lists the settings';
      return `${name} is not a setting; ${remedy}`;
    });
}

/** Slots of a machine whose settings name no number: one a GPU, else as many as its cores can feed. */
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
    // The value is not repeated: it may hold a password.
    this.problems.push(
      `${name} must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );
    return undefined;
  }

  hex(name: SettingName, digits: number): string | undefined {
    const text = this.text(name);
    if (text === undefined || new RegExp(`^[0-9a-f]{${digits}}$`, 'i').test(text)) return text;
    // The value is not repeated: it is a secret.
    this.problems.push(
      `${name} must be ${digits} hex digits, as \`openssl rand -hex ${digits / 2}\` makes them`,
    );
    return undefined;
  }

  /** Separated by commas, in lower case. */
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
