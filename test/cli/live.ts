import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { type LiveApi, startLiveApi } from '../support/live-api.js';
import { type Ended, type Environment, type Running, runStrata, startCommand } from './command.js';

/** The API with a job that has succeeded, and `strata` with a key for it and a home of its own. */
export interface LiveCommand {
  api: LiveApi;
  home: string;
  environment: Environment;
  /** Runs a command to its end. */
  strata(...args: string[]): Promise<Ended>;
  start(...args: string[]): Running;
  /** The answer of the API itself. */
  asked(path: string): Promise<unknown>;
  /** Puts a JSON body there. */
  put(path: string, body: object): Promise<void>;
}

export function useLiveCommand(): LiveCommand {
  const live = {} as LiveCommand;
  before(async () => {
    const api = await startLiveApi();
    const home = await mkdtemp(join(tmpdir(), 'strata-cli-'));
    const environment = { STRATA_URL: api.url, STRATA_API_KEY: api.apiKey, XDG_CONFIG_HOME: home };
    Object.assign(live, {
      api,
      home,
      environment,
      strata: (...args: string[]) => runStrata(args, environment),
      start: (...args: string[]) => startCommand(args, environment),
      async asked(path: string) {
        const headers = { authorization: `Bearer ${api.apiKey}` };
        return (await fetch(api.url + path, { headers })).json();
      },
      async put(path: string, body: object) {
        const headers = { authorization: `Bearer ${api.apiKey}`, 'content-type': 'application/json' };
        const answer = await fetch(api.url + path, { method: 'PUT', headers, body: JSON.stringify(body) });
        assert.equal(answer.status, 200, await answer.text());
      },
    });
  });
  after(async () => {
    await rm(live.home, { recursive: true, force: true });
    await live.api.stop();
  });
  return live;
}

/** A way to a server that can be cut: to a client it looks as if the server were killed. */
export class Road {
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;
  /** Bytes that still get through towards the server; then the road is cut. */
  private left = Number.POSITIVE_INFINITY;

  private constructor(private readonly target: URL) {}

  static async to(url: string): Promise<Road> {
    const road = new Road(new URL(url));
    await road.open();
    return road;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Opens it, again at the same port. */
  open(): Promise<void> {
    const server = createServer((from) => {
      const to = connect(Number(this.target.port), this.target.hostname);
      for (const socket of [from, to]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket));
      }
      from.on('data', (piece) => {
        this.left -= piece.length;
        if (this.left < 0) void this.cut();
      });
      from.pipe(to).pipe(from);
    });
    this.server = server;
    return new Promise((resolve) =>
      server.listen(this.port, '127.0.0.1', () => {
        const address = server.address();
        if (typeof address === 'object' && address !== null) this.port = address.port;
        resolve();
      }),
    );
  }

  cutAfter(bytes: number): void {
    this.left = bytes;
  }

  async cut(): Promise<void> {
    this.left = Number.POSITIVE_INFINITY;
    const closed = new Promise((resolve) => this.server?.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}
