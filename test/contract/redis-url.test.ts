import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseClusterUrl, parseSentinelUrl } from '../../src/contract/redis-url.js';
import { parseSettings } from '../../src/contract/settings.js';

test('a URL with sentinel_master names Sentinels, and the account of the master', () => {
  assert.equal(parseSentinelUrl('redis://:secret@redis:6379/2?family=6'), null);
  assert.deepEqual(parseSentinelUrl('redis://one?sentinel_master=main'), {
    master: 'main',
    sentinels: [{ host: 'one', port: 26_379 }],
    db: 0,
    tls: false,
  });
  const full =
    'rediss://user:p%40ss@one:1/3?sentinel_master=main&sentinels=two:2,[::1]:3,four&sentinel_password=q%26';
  assert.deepEqual(parseSentinelUrl(full), {
    master: 'main',
    sentinels: [
      { host: 'one', port: 1 },
      { host: 'two', port: 2 },
      { host: '::1', port: 3 },
      { host: 'four', port: 26_379 },
    ],
    sentinelPassword: 'q&',
    username: 'user',
    password: 'p@ss',
    db: 3,
    tls: true,
  });
});

test('a URL with cluster_nodes names nodes of a cluster, and the account of all of them', () => {
  assert.equal(parseClusterUrl('redis://:secret@redis:6379/2'), null);
  assert.deepEqual(parseClusterUrl('redis://one?cluster_nodes='), {
    nodes: [{ host: 'one', port: 6379 }],
    tls: false,
  });
  assert.deepEqual(parseClusterUrl('rediss://user:p%40ss@one:1/0?cluster_nodes=two:2,[::1]:3,four'), {
    nodes: [
      { host: 'one', port: 1 },
      { host: 'two', port: 2 },
      { host: '::1', port: 3 },
      { host: 'four', port: 6379 },
    ],
    username: 'user',
    password: 'p@ss',
    tls: true,
  });
});

test('a URL that cannot be used is refused by the name of its setting', () => {
  const wrong: [string, RegExp][] = [
    ['redis://one?sentinels=two', /REDIS_URL has sentinels without sentinel_master/],
    ['redis://one?sentinel_password=x', /REDIS_URL has sentinel_password without sentinel_master/],
    ['redis://one?sentinel_master=', /REDIS_URL has an empty sentinel_master/],
    ['redis://one?sentinel_master=main&sentinels=two,,', /REDIS_URL must list its sentinels as host:port/],
    ['redis://one?cluster_nodes=two,,', /REDIS_URL must list its cluster_nodes as host:port/],
    ['redis://one/1?cluster_nodes=two', /REDIS_URL names a database, but a cluster has only the first one/],
    [
      'redis://one?cluster_nodes=two&sentinel_master=main',
      /REDIS_URL has both sentinel_master and cluster_nodes/,
    ],
    ['redis://one/main?sentinel_master=main', /REDIS_URL must have the number of a database as its path/],
  ];
  for (const [url, expected] of wrong) assert.throws(() => parseSettings({ REDIS_URL: url }), expected);
});
