import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A server on loopback that counts requests, and may call somebody when one has had its effect. */
class FakeTarget {
  /** Requests since the last `watch`. */
  requests = 0;
  private effected: (requests: number) => void = () => undefined;

  protected constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** @param effected called after the effect of each request, before its answer */
  watch(effected: (requests: number) => void): void {
    this.requests = 0;
    this.effected = effected;
  }

  protected count(): void {
    this.requests += 1;
    this.effected(this.requests);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

type Answer = (request: IncomingMessage, body: Buffer) => readonly [status: number, body: object];

async function listen(answer: Answer): Promise<[Server, string]> {
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const [status, answered] = answer(request, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answered));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return [server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`];
}

/** A bucket that takes bytes whose sha256 is the one that was signed. */
export class FakeBucket extends FakeTarget {
  /** In the order in which they came first. */
  readonly objects = new Map<string, string>();
  /** The same, as bytes. */
  readonly bytes = new Map<string, Buffer>();
  readonly signatures: string[] = [];

  static async start(): Promise<FakeBucket> {
    const [server, url] = await listen((request, body) => bucket.take(request, body));
    const bucket: FakeBucket = new FakeBucket(server, url);
    return bucket;
  }

  private take({ url = '', headers }: IncomingMessage, body: Buffer): readonly [number, object] {
    const isWhole = createHash('sha256').update(body).digest('hex') === headers['x-amz-content-sha256'];
    if (!isWhole) return [400, {}];
    this.objects.set(url, body.toString());
    this.bytes.set(url, body);
    this.signatures.push(headers.authorization ?? '');
    this.count();
    return [200, {}];
  }
}

interface Version {
  readonly version: string;
  readonly tags: unknown;
  readonly source: unknown;
}

/** The part of the REST API of MLflow's registry that a push uses, with one name of models. */
export class FakeRegistry extends FakeTarget {
  names: unknown[] = [];
  versions: Version[] = [];
  aliases: [unknown, unknown][] = [];
  private last = 0;

  static async start(): Promise<FakeRegistry> {
    const [server, url] = await listen((request, body) => {
      const answer = registry.answer(request, body);
      registry.count();
      return answer;
    });
    const registry: FakeRegistry = new FakeRegistry(server, url);
    return registry;
  }

  clear(): void {
    this.names = [];
    this.versions = [];
    this.aliases = [];
  }

  private answer({ url = '' }: IncomingMessage, body: Buffer): readonly [number, object] {
    const path = url.replace('/api/2.0/mlflow', '').replace(/\?.*/, '');
    const asked = body.length > 0 ? JSON.parse(body.toString()) : {};
    switch (path) {
      case '/registered-models/create':
        if (this.names.includes(asked.name)) return [400, { error_code: 'RESOURCE_ALREADY_EXISTS' }];
        this.names.push(asked.name);
        return [200, { registered_model: {} }];
      case '/model-versions/create':
        this.last += 1;
        this.versions.push({ version: String(this.last), tags: asked.tags, source: asked.source });
        return [200, { model_version: {} }];
      case '/model-versions/search':
        return [200, this.versions.length > 0 ? { model_versions: this.versions } : {}];
      case '/model-versions/delete':
        this.versions = this.versions.filter(({ version }) => version !== asked.version);
        return [200, {}];
      case '/registered-models/alias':
        this.aliases = [
          ...this.aliases.filter(([alias]) => alias !== asked.alias),
          [asked.alias, asked.version],
        ];
        return [200, {}];
      default:
        return [404, { error_code: 'ENDPOINT_NOT_FOUND' }];
    }
  }
}
