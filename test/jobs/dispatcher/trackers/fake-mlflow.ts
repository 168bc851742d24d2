import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Call {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Asked;
}

interface Pair {
  readonly key: string;
  readonly value: string;
}

/** Contents of requests, from all paths together. */
interface Asked {
  readonly filter?: string;
  readonly run_id?: string;
  readonly run_name?: string;
  readonly status?: string;
  readonly tags?: readonly Pair[];
  readonly params?: readonly Pair[];
  readonly metrics?: readonly { readonly step: number }[];
}

/** The part of MLflow's REST API that an export uses, with one experiment `7`. */
export class FakeMlflow {
  readonly calls: Call[] = [];
  /** Paths whose next request is answered 500: once each. */
  readonly failing: string[] = [];
  /** Paths whose next request is answered with JSON that means nothing: once each. */
  readonly strange: string[] = [];
  readonly runs = new Map<string, string>();
  private hasExperiment = false;
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<FakeMlflow> {
    const server = createServer((request, response) => {
      void mlflow.answer(request).then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const mlflow: FakeMlflow = new FakeMlflow(
      server,
      `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    return mlflow;
  }

  of(path: string): Call[] {
    return this.calls.filter((call) => call.path === path);
  }

  private async answer(request: IncomingMessage): Promise<[number, object]> {
    const path = (request.url ?? '').replace('/api/2.0/mlflow', '').replace(/\?.*/, '');
    const body = JSON.parse((await text(request)) || '{}') as Asked;
    this.calls.push({ path, authorization: request.headers.authorization, body });
    if (takeFrom(this.failing, path)) return [500, { error_code: 'INTERNAL_ERROR' }];
    if (takeFrom(this.strange, path)) return [200, { runs: { info: null }, experiment_id: 7 }];
    switch (path) {
      case '/experiments/get-by-name':
        return this.hasExperiment
          ? [200, { experiment: { experiment_id: '7' } }]
          : [404, { error_code: 'RESOURCE_DOES_NOT_EXIST' }];
      case '/experiments/create':
        this.hasExperiment = true;
        return [200, { experiment_id: '7' }];
      case '/runs/search': {
        const jobId = /'(.+)'/.exec(body.filter ?? '')?.[1];
        const found = [...this.runs].filter(([, job]) => job === jobId);
        return [200, found.length > 0 ? { runs: found.map(([run_id]) => ({ info: { run_id } })) } : {}];
      }
      case '/runs/create': {
        this.runs.set(`run${this.runs.size}`, body.tags?.[0]?.value ?? '');
        return [200, { run: {} }];
      }
      case '/runs/delete':
        this.runs.delete(body.run_id ?? '');
        return [200, {}];
      default:
        return [200, {}];
    }
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

function takeFrom(list: string[], item: string): boolean {
  const index = list.indexOf(item);
  if (index >= 0) list.splice(index, 1);
  return index >= 0;
}
