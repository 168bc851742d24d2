import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../../src/provision/processes.js';
import { pythonPackages } from '../../../support/python-packages.js';

const REQUIREMENTS = fileURLToPath(new URL('./requirements.txt', import.meta.url));
/** Output of the server when it accepts requests. */
const READY = /Uvicorn running|Application startup complete/;

export interface MlflowServer {
  readonly url: string;
  /** The answer as the caller expects it. */
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: object): Promise<Answer>;
  stop(): Promise<void>;
}

/** A real MLflow server on loopback, with a database of its own; its packages, 330 MB, are installed at the first use. */
export async function startMlflow(): Promise<MlflowServer> {
  const packages = await pythonPackages('mlflow', REQUIREMENTS);
  const folder = await mkdtemp(join(tmpdir(), 'strata-mlflow-'));
  const port = await freePort();
  const store = ['--backend-store-uri', `sqlite:///${folder}/mlflow.db`, '--artifacts-destination', folder];
  const child = spawn(
    'python3',
    ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1', ...store],
    {
      cwd: folder,
      env: {
        ...process.env,
        PYTHONPATH: packages,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        // Its evaluation jobs need one more package.
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
      },
      stdio: ['ignore', 'ignore', 'pipe'],
      // It starts processes of its own, which end with its group.
      detached: true,
    },
  );
  const exited = once(child, 'exit');
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
      if (READY.test(said)) resolve();
    });
    void exited.then(() => reject(new Error(`mlflow server ended:\n${said.slice(-2000)}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  const ask = async <Answer>(path: string, init: RequestInit = {}): Promise<Answer> =>
    (await fetch(`${url}/api/2.0/mlflow${path}`, init)).json() as Promise<Answer>;
  return {
    url,
    get: (path) => ask(path),
    post: (path, body) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    async stop() {
      process.kill(-child.pid!, 'SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
