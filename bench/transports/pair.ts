import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromEnd, ToEnd, Usage } from './end.js';
import type { Burst } from './figures.js';
import type { Meeting } from './transport.js';
import type { WayName } from './ways/index.js';

const END = fileURLToPath(new URL('./end.ts', import.meta.url));
const NANOSECONDS = 1e9;

/** Starts a program on a host. */
export interface Hosts {
  readonly sender: readonly string[];
  readonly receiver: readonly string[];
}

/** A sender and a receiver, each in a process of its own, that a transport connects. */
export class Pair {
  private constructor(
    private readonly sender: End,
    private readonly receiver: End,
    /** Processor time of what stands between the two. */
    private readonly serverSeconds: () => Promise<number>,
  ) {}

  static async open(
    way: WayName,
    meeting: Meeting,
    hosts: Hosts,
    serverSeconds: () => Promise<number> = async () => 0,
  ): Promise<Pair> {
    const sender = new End(hosts.sender);
    const receiver = new End(hosts.receiver);
    await receiver.ask({ type: 'open', way, role: 'receiver', meeting });
    await sender.ask({ type: 'open', way, role: 'sender', meeting });
    return new Pair(sender, receiver, serverSeconds);
  }

  /** Seconds from handing over a message to its arrival, with nothing else under way. */
  async latency(bytes: number): Promise<number> {
    const [sentAt, cameAt] = await this.pass(1, bytes);
    return (cameAt[0]! - sentAt[0]!) / NANOSECONDS;
  }

  /** Messages as quickly as they are taken. */
  async burst(count: number, bytes: number): Promise<Burst> {
    const before = await this.usage();
    const [sentAt, cameAt] = await this.pass(count, bytes);
    const after = await this.usage();
    return {
      bytes: count * bytes,
      seconds: (cameAt.at(-1)! - sentAt[0]!) / NANOSECONDS,
      cpuSeconds: after.cpuSeconds - before.cpuSeconds,
      mainThreadSeconds: after.mainThreadSeconds - before.mainThreadSeconds,
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.sender.close(), this.receiver.close()]);
  }

  private async pass(count: number, bytes: number): Promise<readonly [readonly number[], readonly number[]]> {
    const times = (end: End, type: 'send' | 'receive') => end.ask({ type, count, bytes });
    const [sent, came] = await Promise.all([times(this.sender, 'send'), times(this.receiver, 'receive')]);
    if (sent.type !== 'done' || came.type !== 'done') throw new Error('an end gave another answer');
    return [sent.at, came.at];
  }

  private async usage(): Promise<Usage> {
    const ends = await Promise.all([this.sender, this.receiver].map((end) => end.usage()));
    return {
      cpuSeconds: sum(ends.map((end) => end.cpuSeconds)) + (await this.serverSeconds()),
      mainThreadSeconds: sum(ends.map((end) => end.mainThreadSeconds)),
    };
  }
}

class End {
  private readonly child: ChildProcess;
  private readonly exited: Promise<never>;

  constructor(onHost: readonly string[]) {
    const [program = '', ...args] = [...onHost, process.execPath, '--import', 'tsx', END];
    this.child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.exited = once(this.child, 'exit').then(([code, signal]) => {
      throw new Error(`an end of a transport ended (${signal ?? code}); its message is above`);
    });
    this.exited.catch(() => undefined);
  }

  async ask(order: ToEnd): Promise<FromEnd> {
    const asked = new AbortController();
    const answered = once(this.child, 'message', { signal: asked.signal });
    this.child.send(order);
    try {
      const [answer] = (await Promise.race([answered, this.exited])) as [FromEnd];
      if (answer.type === 'failed') throw new Error(answer.message);
      return answer;
    } finally {
      answered.catch(() => undefined);
      asked.abort();
    }
  }

  async usage(): Promise<Usage> {
    const answer = await this.ask({ type: 'usage' });
    if (answer.type !== 'usage') throw new Error('an end gave another answer');
    return answer.usage;
  }

  async close(): Promise<void> {
    this.child.disconnect();
    await this.exited.catch(() => undefined);
  }
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
