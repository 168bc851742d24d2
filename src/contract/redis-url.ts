/** A REDIS_URL by way of Sentinels: the master of a name, and how to ask for it. */
export interface SentinelAddress {
  readonly master: string;
  readonly sentinels: readonly { readonly host: string; readonly port: number }[];
  readonly sentinelPassword?: string;
  readonly username?: string;
  readonly password?: string;
  readonly db: number;
  readonly tls: boolean;
}

const SENTINEL_PORT = 26_379;

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
  const sentinelPassword = searchParams.get('sentinel_password');
  const others = searchParams.get('sentinels')?.split(',') ?? [];
  return {
    master,
    sentinels: [host, ...others].map(addressOf),
    ...(sentinelPassword && { sentinelPassword }),
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
    db: Number(database),
    tls: protocol === 'rediss:',
  };
}

function addressOf(address: string): { host: string; port: number } {
  const url = `redis://${address}`;
  if (!/^[^/?#@]+$/.test(address) || !URL.canParse(url))
    throw new Error('must list its sentinels as host:port, separated by commas');
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(port) || SENTINEL_PORT };
}
