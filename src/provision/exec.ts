import { spawn } from 'node:child_process';

export interface ExecOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** A command that failed. The message contains the end of its output. */
export class CommandError extends Error {
  constructor(
    command: string,
    readonly code: number | string | null,
    readonly output: string,
  ) {
    super(`'${command}' failed (${code}):\n${output.trim().slice(-2000)}`);
  }
}

/** Runs a command and returns its standard output. */
export function exec(file: string, args: readonly string[], options: ExecOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const end = () => child.kill();
    process.once('exit', end); // An aborted setup must leave no download running.
    const out: Buffer[] = [];
    const all: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk) && all.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => all.push(chunk));
    const fail = (code: number | string | null) =>
      reject(new CommandError([file, ...args].join(' '), code, Buffer.concat(all).toString()));
    child.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    child.once('close', (code, signal) => {
      process.off('exit', end);
      if (code === 0) resolve(Buffer.concat(out).toString());
      else fail(code ?? signal);
    });
  });
}

/** Whether a command exists and succeeds. */
export async function works(file: string, ...args: string[]): Promise<boolean> {
  return exec(file, args).then(
    () => true,
    () => false,
  );
}
