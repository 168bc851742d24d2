import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Breaks the connection of the first request that it fits, after so many bytes of the response or of the request. */
export interface Cut {
  readonly method: string;
  readonly path: RegExp;
  readonly of: 'request' | 'response';
  readonly afterBytes: number;
}

/** A proxy before the API whose connections break where a test says. */
export class CuttingProxy {
  readonly cuts: Cut[] = [];
  /** Requests in order, like `GET /jobs`, with the number of their bytes that were asked to be skipped. */
  readonly seen: { readonly line: string; readonly range: string | undefined }[] = [];
  readonly #server = createServer((request, response) => this.#pass(request, response));
  private constructor(private readonly target: string) {}

  static async start(target: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  linesOf(pattern: RegExp): string[] {
    return this.seen.map(({ line }) => line).filter((line) => pattern.test(line));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request;
    this.seen.push({ line: `${method} ${url}`, range: headers.range });
    const cut = this.#take(method, url);
    const target = forward(this.target + url, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      copy(answer, response, cut?.of === 'response' ? cut.afterBytes : null, () => response.destroy());
    });
    target.on('error', () => response.destroy());
    response.on('close', () => target.destroy());
    copy(request, target, cut?.of === 'request' ? cut.afterBytes : null, () => request.socket.destroy());
  }

  #take(method: string, path: string): Cut | undefined {
    const index = this.cuts.findIndex((cut) => cut.method === method && cut.path.test(path));
    return index < 0 ? undefined : this.cuts.splice(index, 1)[0];
  }
}

/** Copies a body; with a limit, it passes so many bytes and breaks the connection. */
function copy(
  from: NodeJS.ReadableStream,
  to: NodeJS.WritableStream,
  limit: number | null,
  breakOff: () => void,
): void {
  let left = limit ?? Number.POSITIVE_INFINITY;
  from.on('data', (chunk: Buffer) => {
    if (left <= 0) return;
    const part = chunk.subarray(0, left);
    left -= part.length;
    to.write(part, () => left <= 0 && breakOff());
  });
  from.on('end', () => left > 0 && to.end());
  from.on('error', () => undefined);
}
