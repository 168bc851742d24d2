import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { boundedCommand, type ProcessBounds } from './bounded-command.js';
import { ChildOutput, type ReadOutput } from './child-output.js';
import { EndReport, type Gone } from './gone.js';

export interface ChildOptions {
  /** The name of the process in messages: `trainer`, `importer` or `predictor`. */
  readonly name: string;
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Bounds that the kernel enforces, for a process that reads the files of users. */
  readonly bounds?: ProcessBounds;
  /** Takes the printed lines, for a log. Without it, the output goes to that of the worker only. */
  readonly output?: ReadOutput;
}

type Message = { readonly type: string };
type Ready<From extends Message> = Extract<From, { readonly type: 'ready' }>;

/**
 * One child process of a worker, from spawn to exit: its start, its messages, its output, and the reason of its end.
 * Trainer, importer and predictor differ in what they say, in their bounds and in who reads their output.
 */
export class Child<To extends object, From extends Message> {
  /** Resolves with the end of the process, after all of its output was read. */
  readonly gone: Promise<Gone>;
  /** Resolves when the process can take orders; null if it ended before. */
  readonly ready: Promise<Ready<From> | null>;
  readonly #child: ChildProcess;
  readonly #output: ChildOutput;
  readonly #end: EndReport;
  readonly #listeners = new Set<(message: From) => void>();
  #ended = false;

  constructor({ name, command, env, bounds, output }: ChildOptions) {
    const [file = '', ...args] = bounds ? boundedCommand(command, bounds) : command;
    const out = output ? 'pipe' : 'inherit';
    this.#end = new EndReport(name);
    this.#child = spawn(file, args, { env, stdio: ['ignore', out, out, 'ipc'] });
    this.#child.on('message', (message: From) => {
      for (const listener of this.#listeners) listener(message);
    });
    this.#output = new ChildOutput(this.#child, output);
    this.gone = this.#watchEnd();
    const isReady = (message: From): message is Ready<From> => message.type === 'ready';
    this.ready = this.#until((message) => (isReady(message) ? { ready: message } : undefined)).then(
      (answer) => ('ready' in answer ? answer.ready : null),
    );
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get alive(): boolean {
    return !this.#ended;
  }

  /** If the message cannot be sent, the end of the process is about to be reported. */
  send(order: To): void {
    if (this.#child.connected) this.#child.send(order, () => undefined);
  }

  /**
   * Sends an order, and waits for its answer or for the end of the process. All that the process printed before the
   * answer was read by then.
   * @param hear sees every message; it returns the answer, or undefined for other messages
   */
  async ask<Answer extends object>(
    order: To,
    hear: (message: From) => Answer | undefined,
  ): Promise<Answer | Gone> {
    const answer = this.#until(hear);
    this.send(order);
    const heard = await answer;
    await this.#output.readSoFar();
    return heard;
  }

  /**
   * Ends the process at once and waits until it is seen gone.
   * @param reason for those who read why its work has ended
   */
  async kill(reason: string): Promise<void> {
    if (this.alive) this.#end.killing(reason);
    this.#child.kill('SIGKILL');
    await this.gone;
  }

  async #until<Answer extends object>(hear: (message: From) => Answer | undefined): Promise<Answer | Gone> {
    let listener: (message: From) => void = () => undefined;
    const answer = new Promise<Answer>((resolve) => {
      listener = (message) => {
        const heard = hear(message);
        if (heard !== undefined) resolve(heard);
      };
      this.#listeners.add(listener);
    });
    try {
      return await Promise.race([answer, this.gone]);
    } finally {
      this.#listeners.delete(listener);
    }
  }

  async #watchEnd(): Promise<Gone> {
    const ended = await once(this.#child, 'exit').then(
      ([code, signal]) => this.#end.exited(code, signal),
      // 'error' before 'exit': the process never started.
      (error: Error) => this.#end.failedToStart(error),
    );
    this.#ended = true;
    const lastError = await this.#output.end();
    return lastError ? { ...ended, message: `${ended.message}: ${lastError}` } : ended;
  }
}
