/** Address at which trainers of other hosts reach one of this host. */
export interface StreamAddress {
  readonly host: string;
  readonly port: number;
}

export const STREAM_ADDRESS_FORM = 'host:port or [IPv6 address]:port, with a port from 1 to 64511';

/** Every slot of a worker has a port of its own, from that of the setting on; a worker has at most 1024 slots. */
const LAST_FIRST_PORT = 65_535 - 1_024;
const FORM = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;

/** @returns null if the text is no address */
export function parseStreamAddress(text: string): StreamAddress | null {
  const [, literal, name, digits] = FORM.exec(text) ?? [];
  const host = literal ?? name;
  const port = Number(digits);
  return host !== undefined && port >= 1 && port <= LAST_FIRST_PORT ? { host, port } : null;
}

export function streamAddressText({ host, port }: StreamAddress): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
