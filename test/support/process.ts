import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { serviceModule } from './service-module.js';

/** A process of the service, started as the service starts it. */
export interface ServiceProcess {
  readonly pid: number;
  /** Its address, if it listens. */
  readonly url: string | undefined;
  /** Ends it with no chance to clean up. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Asks it to stop. Resolves with its exit code. */
  stop(): Promise<number | null>;
}

/**
 * @param module path below src/
 * @param launcher command that starts Node, with its arguments, in another place than here
 */
export async function startProcess(
  module: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  launcher: readonly string[] = [],
): Promise<ServiceProcess> {
  const { path, execArgv: options } = serviceModule(module);
  const [execPath = process.execPath, ...execArgv] = [...launcher, process.execPath, ...options];
  const child = fork(path, args, { env, execPath, execArgv });
  const [ready] = await Promise.race([once(child, 'message'), failure(child, module)]);
  const gone = (): Promise<number | null> =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve(child.exitCode)
      : once(child, 'exit').then(([code]) => code as number | null);
  return {
    pid: child.pid ?? 0,
    url: (ready as { url?: string }).url,
    async kill() {
      child.kill('SIGKILL');
      await gone();
    },
    async stop() {
      child.kill('SIGTERM');
      return gone();
    },
  };
}

async function failure(child: ChildProcess, module: string): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`${module} ended with code ${code} before it was ready`);
}
