import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that can go dead: connections stay open at both ends and nothing passes, as when a cable is pulled. */
export class Line {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private dead = false;
  private readonly server = createServer((client) => this.join(client));

  private constructor(private readonly target: number) {}

  static async start(targetPort: number): Promise<Line> {
    const proxy = new Line(targetPort);
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Drops all traffic of existing and new connections, without closing them. */
  cut(): void {
    this.dead = true;
    for (const pair of this.pairs) for (const socket of pair) socket.pause();
  }

  /** New connections work; those that were cut stay as they are. */
  mend(): void {
    this.dead = false;
  }

  /** New connections work; those that were cut are reset, as their keep-alive would end them at last. */
  heal(): void {
    this.dead = false;
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    this.pairs.clear();
  }

  async stop(): Promise<void> {
    this.heal();
    this.server.close();
    await once(this.server, 'close');
  }

  private join(client: Socket): void {
    const upstream = connect(this.target, '127.0.0.1');
    const pair = [client, upstream] as const;
    this.pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.on('error', () => undefined);
      from.on('data', (chunk) => void to.write(chunk));
      from.once('end', () => {
        if (!this.dead) to.end();
      });
      from.once('close', () => {
        // While the line is dead the other end is not told, and the pair is kept: it is reset when the line heals.
        if (this.dead) return;
        this.pairs.delete(pair);
        to.destroy();
      });
    }
    if (this.dead) for (const socket of pair) socket.pause();
  }
}
