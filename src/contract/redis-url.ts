/** A REDIS_URL by way of Sentinels: the master of a name, and how to ask for it. */
export interface SentinelAddress {
  readonly master: string;
  readonly sentinels: readonly HostPort[];
  readonly sentinelPassword?: string;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
}

/** A REDIS_URL of a Redis Cluster: some of its nodes, which tell of the others. */
export interface ClusterAddress {
  readonly nodes: readonly HostPort[];
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;
const NODES = 'cluster_nodes';

/**
 * Reads a URL such as
 * redis://user:password@sentinel-1:26379/0?sentinel_master=main&sentinels=sentinel-2:26379,sentinel-3:26379.
 * User, password and number of the database are those of the master, and so is TLS (rediss://), which the Sentinels
 * then speak, too. `sentinel_password` is theirs.
 * @returns null for a URL of a server itself, without `sentinel_master`
 * @throws Error whose message continues a sentence about the setting
 */
export function parseSentinelUrl(url: string): SentinelAddress | null {
  const { protocol, host, username, password, pathname, searchParams } = new URL(url);
  const master = searchParams.get('sentinel_master');
  if (master === null) {
    const stray = ['sentinels', 'sentinel_password'].find((name) => searchParams.has(name));
    if (stray) throw new Error(`has ${stray} without sentinel_master, the name of the master`);
    return null;
  }
  if (master === '') throw new Error('has an empty sentinel_master; write the name of the master');
  const database = pathname.replace('/', '');
  if (!/^\d*$/.test(database)) throw new Error('must have the number of a database as its path, like /0');
  if (searchParams.has(NODES))
    throw new Error(`has both sentinel_master and ${NODES}; Sentinels watch no cluster`);
  const sentinelPassword = searchParams.get('sentinel_password');
  const others = searchParams.get('sentinels')?.split(',') ?? [];
  return {
    master,
    sentinels: [host, ...others].map((address) => addressOf(address, 'sentinels', SENTINEL_PORT)),
    ...(sentinelPassword && { sentinelPassword }),
    ...credentialsOf({ username, password }),
    db: Number(database),
    tls: protocol === 'rediss:',
  };
}

/**
 * Reads a URL such as redis://user:password@node-1:6379?cluster_nodes=node-2:6379,node-3:6379. The list may be empty: one
 * node is enough to find the others, while it answers. User, password and TLS (rediss://) are those of every node.
 * @returns null for a URL without `cluster_nodes`
 * @throws Error whose message continues a sentence about the setting
 */
export function parseClusterUrl(url: string): ClusterAddress | null {
  const { protocol, host, username, password, pathname, searchParams } = new URL(url);
  const list = searchParams.get(NODES);
  if (list === null) return null;
  if (!/^\/?0?$/.test(pathname))
    throw new Error('names a database, but a cluster has only the first one; leave it out');
  const others = list === '' ? [] : list.split(',');
  return {
    nodes: [host, ...others].map((address) => addressOf(address, NODES, REDIS_PORT)),
    ...credentialsOf({ username, password }),
    tls: protocol === 'rediss:',
  };
}

/** @throws as the parsers of both kinds of URL do */
export function checkRedisUrl(url: string): void {
  parseSentinelUrl(url);
  parseClusterUrl(url);
}

function credentialsOf({ username, password }: Pick<URL, 'username' | 'password'>) {
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
}

function addressOf(address: string, parameter: string, defaultPort: number): HostPort {
  const url = `redis://${address}`;
  if (!/^[^/?#@]+$/.test(address) || !URL.canParse(url))
    throw new Error(`must list its ${parameter} as host:port, separated by commas`);
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) || defaultPort };
}
