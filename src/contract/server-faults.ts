import { parseSentinelUrl } from './redis-url.js';

/** Why a given Redis or Postgres cannot be used, in words: the setting that names it, what is wrong, and the remedy. */

interface Fault {
  readonly code?: string | undefined;
  readonly message: string;
}

/** OpenSSL's words for a certificate that Node does not trust. */
const UNTRUSTED =
  /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_HAS_EXPIRED|ERR_TLS_CERT|self[- ]signed certificate|unable to (verify|get)/i;

/** @param greeting what the server sends to a connection before it is asked anything, if it does */
export function explainRedis(url: string, error: Fault, greeting = ''): string {
  const fault = sentinelFault(url, error.message) ?? redisFault(new URL(url), error, greeting);
  return `REDIS_URL: ${fault}`;
}

/** No Sentinel could tell where the master is. */
function sentinelFault(url: string, message: string): string | null {
  const address = parseSentinelUrl(url);
  const [, last] = /All sentinels are unreachable.*?Last error: (.*)/s.exec(message) ?? [];
  if (address === null || last === undefined) return null;
  const hosts = address.sentinels.map(({ host, port }) => `${host}:${port}`).join(', ');
  return `no Sentinel of ${hosts} knows a master called ${address.master} that can be reached (${last}). Compare both with SENTINEL MASTERS.`;
}

function redisFault({ host, protocol }: URL, { code, message }: Fault, greeting: string): string {
  if (/cluster support disabled/i.test(message)) {
    return `the server at ${host} is not in a cluster. Leave out cluster_nodes.`;
  }
  if (/WRONGPASS|invalid password|without any password configured/i.test(message)) {
    return `the server at ${host} refuses the password. Write it as redis://:password@host:port, or redis://user:password@host:port with a user of its ACL.`;
  }
  if (/NOAUTH/.test(message)) {
    return `the server at ${host} asks for a password. Write it as redis://:password@host:port.`;
  }
  if (/NOPERM/.test(message)) {
    return `the user of the URL lacks a permission on ${host} (${message}). Give it the commands and keys in \`redis-cli ACL SETUSER\`.`;
  }
  if (/protected mode/i.test(greeting + message)) {
    return `the server at ${host} is in protected mode: it takes connections from its own machine only. Give it a password (requirepass) and write that into the URL.`;
  }
  if (/max number of clients/i.test(greeting + message)) {
    return `the server at ${host} has no connection left. Raise its maxclients, or close other clients.`;
  }
  if (isUntrusted(code, message)) return untrusted(host, code);
  const tls = tlsFault(protocol, code, message);
  return tls === null ? networkFault(host, code, message) : `the server at ${host} ${tls}`;
}

/** A client that speaks TLS to a server that does not, or the other way round. */
function tlsFault(protocol: string, code: string | undefined, message: string): string | null {
  if (protocol === 'rediss:' && (code === 'ETIMEDOUT' || /SSL|packet length|wrong version/i.test(message))) {
    return 'does not answer in TLS. Write redis:// where it has none.';
  }
  if (protocol === 'redis:' && /EPIPE|ECONNRESET|Connection is closed/.test(`${code} ${message}`)) {
    return 'closes the connection without an answer. Write rediss:// where it speaks TLS only.';
  }
  return null;
}

export function explainPostgres(url: string, error: Fault): string {
  return `DATABASE_URL: ${postgresFault(hostOf(url), error)}`;
}

/** Also of a URL that names a socket or several hosts. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host || 'its socket' : 'its host';
}

function postgresFault(host: string, { code, message }: Fault): string {
  if (code === '28P01' || /client password must be a string/.test(message)) {
    return `the server at ${host} refuses the user or the password. Write them as postgresql://user:password@host:port/database, with %40 for an @ in them.`;
  }
  if (code === '28000') {
    return `the server at ${host} does not let this user in from here (${message}). Its pg_hba.conf must, or the URL needs sslmode=require.`;
  }
  if (code === '3D000') return `${message} on ${host}. Make it with \`createdb\`, or name another one.`;
  if (code === '42501') return `the user lacks a permission on ${host}: ${message}.`;
  if (code === '53300') return `the server at ${host} has no connection left. Raise its max_connections.`;
  if (code === '57P03') return `the server at ${host} is starting or stopping (${message}). Try again soon.`;
  if (/unsupported startup parameter/.test(message)) {
    return `the pooler at ${host} refuses a setting (${message}). Write ignore_startup_parameters = extra_float_digits,statement_timeout,idle_in_transaction_session_timeout into its configuration.`;
  }
  if (/does not support SSL/.test(message)) {
    return `the server at ${host} speaks no TLS. Remove sslmode from the URL, or turn its ssl on.`;
  }
  if (isUntrusted(code, message)) return untrusted(host, code);
  return networkFault(host, code, message);
}

function isUntrusted(code: string | undefined, message: string): boolean {
  return UNTRUSTED.test(`${code} ${message}`);
}

function untrusted(host: string, code: string | undefined): string {
  return `the certificate of ${host} is not trusted (${code ?? 'unknown authority'}). Name the file of its authority's certificate in NODE_EXTRA_CA_CERTS.`;
}

function networkFault(host: string, code: string | undefined, message: string): string {
  const remedy = 'Start that server, correct the URL, or unset it to use a local one.';
  if (code === 'ECONNREFUSED') return `nothing listens at ${host}. ${remedy}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `there is no host of the name in ${host}. ${remedy}`;
  if (code === 'ETIMEDOUT' || /timeout/i.test(message)) return `${host} does not answer in time. ${remedy}`;
  return `the server at ${host} cannot be used: ${message || code}. ${remedy}`;
}
