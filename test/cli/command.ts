import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../../src/service/root.js';

const STRATA = join(ROOT, 'cli/strata.cjs');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `strata`. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once stdout or stderr has matched. */
  shows(pattern: RegExp): Promise<void>;
}

export type Environment = Readonly<Record<string, string>>;

/** Starts `strata` as from a shell, off a terminal, with no settings but these. */
export function startCommand(args: readonly string[], environment: Environment, input = ''): Running {
  const running = start([process.execPath, STRATA, ...args], environment);
  running.child.stdin?.end(input);
  return running;
}

/** Gives a command a terminal, whose keys are the stdin of this program. */
const TERMINAL = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** Starts `strata` on a terminal of 80 columns. */
export function startOnTerminal(args: readonly string[], environment: Environment): Running {
  const command = ['python3', '-c', TERMINAL, process.execPath, STRATA, ...args];
  return start(command, { TERM: 'xterm', ...environment });
}

function start([file = '', ...args]: readonly string[], environment: Environment): Running {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(file, args, { env: { PATH, HOME, ...environment } });
  const text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      text[name] += piece;
      for (const look of waiting) look();
    });
  }
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...text }));
  const shows = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (!pattern.test(text.stdout + text.stderr)) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      ended.then((end) => reject(new Error(`ended without ${pattern}: ${JSON.stringify(end)}`)), reject);
      look();
    });
  return { child, ended, shows };
}

/** Runs `strata` to its end. */
export function runStrata(args: readonly string[], environment: Environment, input = ''): Promise<Ended> {
  return startCommand(args, environment, input).ended;
}
