// One end of a transport: a sender or a receiver, in a process of its own, which the bench tells what to do.
import { readFileSync } from 'node:fs';
import type { Meeting, Receiving, Sending } from './transport.js';
import { WAYS, type WayName } from './ways/index.js';

export type ToEnd =
  | {
      readonly type: 'open';
      readonly way: WayName;
      readonly role: 'sender' | 'receiver';
      readonly meeting: Meeting;
    }
  /** Sends so many messages, as soon as the transport takes them. */
  | { readonly type: 'send'; readonly count: number; readonly bytes: number }
  | { readonly type: 'receive'; readonly count: number; readonly bytes: number }
  | { readonly type: 'usage' };

export type FromEnd =
  | { readonly type: 'opened' }
  /** When each message was handed over, or had come, in nanoseconds of the clock that all processes of a host share. */
  | { readonly type: 'done'; readonly at: readonly number[] }
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'failed'; readonly message: string };

/** Since the process began. */
export interface Usage {
  /** Processor time of all threads. */
  readonly cpuSeconds: number;
  /** The main thread's part of it, on which a trainer trains. */
  readonly mainThreadSeconds: number;
}

const answer = (message: FromEnd): void => void process.send?.(message);
const now = (): number => Number(process.hrtime.bigint());

let sending: Sending;
let receiving: Receiving;

async function open({ way, role, meeting }: Extract<ToEnd, { type: 'open' }>): Promise<FromEnd> {
  const { transport } = WAYS[way];
  if (role === 'sender') sending = await transport.makeSender(meeting);
  else receiving = await transport.makeReceiver(meeting);
  return { type: 'opened' };
}

async function send(count: number, bytes: number): Promise<FromEnd> {
  const at: number[] = [];
  for (let index = 0; index < count; index++) {
    const message = new Uint8Array(bytes).fill(index + 1);
    at.push(now());
    await sending.send(message);
  }
  return { type: 'done', at };
}

async function receive(count: number, bytes: number): Promise<FromEnd> {
  const at: number[] = [];
  for (let index = 0; index < count; index++) {
    const message = await receiving.receive();
    at.push(now());
    const expected = (index + 1) % 256;
    if (message.length !== bytes || message[0] !== expected || message[bytes - 1] !== expected) {
      throw new Error(`message ${index} is not the one that was sent`);
    }
  }
  return { type: 'done', at };
}

function usage(): FromEnd {
  const { user, system } = process.cpuUsage();
  const [nanoseconds] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  const mainThreadSeconds = Number(nanoseconds) / 1e9;
  return { type: 'usage', usage: { cpuSeconds: (user + system) / 1e6, mainThreadSeconds } };
}

async function obey(order: ToEnd): Promise<FromEnd> {
  if (order.type === 'open') return open(order);
  if (order.type === 'send') return send(order.count, order.bytes);
  if (order.type === 'receive') return receive(order.count, order.bytes);
  return usage();
}

process.on('message', (order: ToEnd) => {
  obey(order).then(answer, (error: unknown) => answer({ type: 'failed', message: String(error) }));
});
process.on('disconnect', () => process.exit());
