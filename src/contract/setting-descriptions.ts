export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

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
    name: 'DATABASE_DIRECT_URL',
    default: 'DATABASE_URL',
    meaning:
      'The same database without a pooler, where DATABASE_URL is one (PgBouncer), for what needs a session: LISTEN, heartbeats, migrations.',
  },
  {
    name: 'REDIS_URL',
    default: 'local Redis or Valkey',
    meaning:
      'Redis >= 6.2 or Valkey server to use, as redis://user:password@host:port/database, or rediss:// with TLS. Its maxmemory-policy must be noeviction. With ?sentinel_master=name the host is a Sentinel, with ?cluster_nodes=host:port,host:port a node of a cluster.',
  },
  {
    name: 'BLOB_URL',
    default: 'file://$STRATA_HOME/blobs',
    meaning:
      'Storage for weights, corrections and exports, as file:///absolute/path of a folder that all processes share, or s3://bucket/prefix?endpoint=https://host:port&region=name.',
  },
  {
    name: 'STRATA_BLOB_CACHE_MB',
    default: '10000',
    meaning:
      'Megabytes of copies that this host keeps in STRATA_HOME/blob-cache where BLOB_URL is a bucket. The copies that were not used for longest are removed first.',
  },
  {
    name: 'STRATA_PRESIGNED_S',
    default: '0',
    meaning:
      'Where BLOB_URL is a bucket: seconds, up to 3600, for which the address of a download in it is valid. The API redirects downloads of models and weights of 1 MiB or more to such addresses. 0: it sends all bytes itself.',
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
    name: 'STRATA_STREAM_ADDRESS',
    default: 'none',
    meaning:
      'Address at which workers of other hosts reach the trainers of this one, as host:port; each slot takes one port, from this one on. Rounds of `pipeline` jobs then share slots of several workers, over encrypted streams. Without it, this worker opens no port, and its rounds take its own slots alone.',
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
      'Hosts, separated by commas, that the URLs of webhooks, trackers, datasets and pushes may use although they are private or use plain HTTP: `host` or `host:port`. With `webhook=`, `tracker=`, `dataset=` or `push=` before it, an entry holds for this use only.',
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
  {
    name: 'STRATA_BOOTSTRAP_KEY',
    default: 'none',
    meaning:
      'First API key: the API creates it with all scopes if there has never been a key. `echo strata_$(openssl rand -hex 12)_$(openssl rand -hex 32)` makes one.',
  },
  { name: 'LOG_LEVEL', default: 'info', meaning: `One of ${LOG_LEVELS.join(', ')}.` },
] as const satisfies readonly SettingDescription[];

export type SettingName = (typeof SETTINGS)[number]['name'];

/** Variables of ours that are no settings: they are read elsewhere, or handed from one process to another. */
export const OTHER_VARIABLES: readonly string[] = [
  'STRATA_API_KEY',
  'STRATA_BFLOAT16',
  'STRATA_BLOB_CACHE',
  'STRATA_BLOB_URL',
  'STRATA_NPM_CI',
  'STRATA_TENSORFLOW',
  'STRATA_URL',
];
