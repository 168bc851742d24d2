import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SETTINGS } from '../../src/contract/setting-descriptions.js';
import { defaultSlots, parseSettings, SettingsError } from '../../src/contract/settings.js';

test('an empty environment gives the documented defaults', () => {
  assert.deepEqual(parseSettings({ PORT: '' }, '/srv'), {
    port: 3000,
    host: '127.0.0.1',
    home: '/srv/.strata',
    blobUrl: 'file:///srv/.strata/blobs',
    blobCache: { folder: '/srv/.strata/blob-cache', maxBytes: 10_000_000_000 },
    threads: 1,
    predictorMb: 512,
    outgoingAllow: [],
    requestsPerMinute: 1200,
    checkpointS: 30,
    noProgressS: 300,
    trainerIdleS: 60,
    uploadLimitBytes: 20_000_000_000,
    unpackLimitBytes: 100_000_000_000,
    fetchS: 3_600,
    presignedS: 0,
    imageLimit: 2_000_000,
    classLimit: 10_000,
    imagePixels: 25_000_000,
    logLevel: 'info',
  });
});

test('every setting is read', () => {
  const env = {
    PORT: '0',
    HOST: '0.0.0.0',
    STRATA_HOME: '/data',
    DATABASE_URL: 'postgresql://u:p@pooler/strata',
    DATABASE_DIRECT_URL: 'postgresql://u:p@db/strata',
    REDIS_URL: 'rediss://cache:6380',
    BLOB_URL: 's3://bucket/prefix?region=eu-west-1',
    STRATA_BLOB_CACHE_MB: '7',
    STRATA_PRESIGNED_S: '90',
    STRATA_SLOTS: '4',
    STRATA_STREAM_ADDRESS: 'gpu-1.internal:7000',
    STRATA_THREADS: '2',
    STRATA_PREDICTOR_MB: '0',
    STRATA_RATE_LIMIT: '60',
    STRATA_CHECKPOINT_S: '5',
    STRATA_NO_PROGRESS_S: '60',
    STRATA_TRAINER_IDLE_S: '20',
    STRATA_SECRET_KEY: 'ab'.repeat(32),
    STRATA_BOOTSTRAP_KEY: `strata_${'1'.repeat(24)}_${'2'.repeat(64)}`,
    STRATA_OUTGOING_ALLOW: 'Hooks.internal, 10.0.0.7',
    STRATA_RETENTION_DAYS: '90',
    STRATA_UPLOAD_LIMIT: '1000',
    STRATA_FETCH_S: '60',
    STRATA_DATASETS: '/srv/datasets',
    STRATA_DISK_RESERVE: '5000',
    STRATA_TENANT_BYTES: '6000',
    STRATA_UNPACK_LIMIT: '2000',
    STRATA_IMAGE_LIMIT: '30',
    STRATA_CLASS_LIMIT: '4',
    STRATA_IMAGE_PIXELS: '500',
    LOG_LEVEL: 'debug',
  };
  assert.deepEqual(Object.keys(env).sort(), SETTINGS.map((setting) => setting.name).sort());
  assert.deepEqual(parseSettings(env), {
    port: 0,
    host: '0.0.0.0',
    home: '/data',
    databaseUrl: 'postgresql://u:p@pooler/strata',
    directUrl: 'postgresql://u:p@db/strata',
    redisUrl: 'rediss://cache:6380',
    blobUrl: 's3://bucket/prefix?region=eu-west-1',
    blobCache: { folder: '/data/blob-cache', maxBytes: 7_000_000 },
    presignedS: 90,
    slots: 4,
    streamAddress: { host: 'gpu-1.internal', port: 7000 },
    threads: 2,
    predictorMb: 0,
    secretKey: 'ab'.repeat(32),
    bootstrapKey: `strata_${'1'.repeat(24)}_${'2'.repeat(64)}`,
    outgoingAllow: ['hooks.internal', '10.0.0.7'],
    requestsPerMinute: 60,
    checkpointS: 5,
    noProgressS: 60,
    trainerIdleS: 20,
    retentionDays: 90,
    uploadLimitBytes: 1_000,
    fetchS: 60,
    diskReserveBytes: 5000,
    tenantBytes: 6000,
    datasetsFolder: '/srv/datasets',
    unpackLimitBytes: 2_000,
    imageLimit: 30,
    classLimit: 4,
    imagePixels: 500,
    logLevel: 'debug',
  });
});

test('a direct address stands beside a pooler', () => {
  assert.throws(
    () => parseSettings({ DATABASE_DIRECT_URL: 'postgresql://db/strata' }),
    /DATABASE_DIRECT_URL needs DATABASE_URL/,
  );
});

test('only a bucket has presigned addresses', () => {
  assert.throws(
    () => parseSettings({ STRATA_PRESIGNED_S: '60' }),
    /STRATA_PRESIGNED_S.*BLOB_URL is no bucket/,
  );
});

test('one error names all invalid settings, and repeats no password', () => {
  const wrong = { PORT: '70000', STRATA_SLOTS: '0', LOG_LEVEL: 'loud', DATABASE_URL: 'mysql://u:secret@db' };
  assert.throws(
    () => parseSettings(wrong),
    (error: SettingsError) => {
      assert.ok(error instanceof SettingsError);
      assert.equal(error.problems.length, 4);
      for (const name of Object.keys(wrong)) assert.match(error.message, new RegExp(name));
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
});

test('slots: one a GPU, else what the cores can feed, at least one', () => {
  assert.equal(defaultSlots({ cores: 8, gpus: 2 }, 1), 2);
  assert.equal(defaultSlots({ cores: 8, gpus: 0 }, 3), 2);
  assert.equal(defaultSlots({ cores: 1, gpus: 0 }, 4), 1);
});

test('an unknown STRATA_ variable is refused with the nearest name; other variables are ignored', () => {
  const misspelled = {
    STRATA_SLOT: '2',
    STRATA_UPLOADS: '1',
    STRATA_COLOR: 'red',
    STRATA_PORT: '1',
    HOME: '/root',
  };
  assert.throws(
    () => parseSettings({ ...misspelled, STRATA_API_KEY: 'k', STRATA_SLOTS: '2' }),
    (error: SettingsError) => {
      assert.deepEqual(error.problems, [
        'STRATA_SLOT is not a setting; did you mean STRATA_SLOTS?',
        'STRATA_UPLOADS is not a setting; docs/operating.md lists the settings',
        'STRATA_COLOR is not a setting; docs/operating.md lists the settings',
        'STRATA_PORT is not a setting; did you mean PORT?',
      ]);
      return true;
    },
  );
});

test('every STRATA_ variable that the source reads is a known setting', () => {
  const source = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join('src', path), 'utf8'))
    .join('\n');
  const names = [...source.matchAll(/\benv\.(STRATA_[A-Z0-9_]+)/g)].map(([, name]) => name);
  assert.ok(names.length >= 3);
  const env = Object.fromEntries(names.map((name) => [name, '1']));
  // Wrong values are named too, so it throws in any case.
  assert.throws(
    () => parseSettings({ ...env, PORT: 'x' }),
    (error: SettingsError) => !/is not a setting/.test(error.message),
  );
});
