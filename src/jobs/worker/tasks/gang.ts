import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  StreamEnd,
  TaskAssignment,
  TaskOutput,
  TaskSuccess,
} from '../../../contract/trainer-protocol.js';
import { isPipelined } from '../../../method/methods.js';
import type { OnLine, OnReport, Outcome } from '../children/trainer-child.js';
import type { Slot } from '../slots/slot.js';

/** One slot or a gang, which runs a task. */
export type Runs = Pick<Slot, 'run' | 'askCheckpoint' | 'kill'>;

/** Number of trainers that can share a task: one for each stage whose batches are under way at a time. */
export function trainersFor({ kind, stage, spec: { method } }: TaskAssignment): number {
  return kind === 'stage' && stage === null && isPipelined(method) ? method.stages : 1;
}

/** When a trainer has ended, its neighbors lose their streams and end within a step. Those that do not are killed. */
const END_MS = 5_000;
/** The same for a trainer that has stopped at a checkpoint, which its neighbors still make. */
const STOP_MS = 20_000;

/** Members of a gang on other workers. They follow the slots of this worker in the order of the stages. */
export interface Guests {
  readonly members: readonly Runs[];
  /** Ends at which the last slot of this worker awaits the first of them, and each of them the next one. */
  readonly ends: readonly StreamEnd[];
  /** Forgets them, and the secret of the gang. */
  close(): Promise<void>;
}

/**
 * Slots that run a task together, each with some of its stages (docs/adr/0025, 0027). It is one attempt with one lease and one
 * fence: what its trainers report is recorded once, when all have succeeded, and a trainer that is lost ends the attempt. All go
 * on from the same checkpoint then.
 */
export class Gang implements Runs {
  #guests: Guests | null = null;
  /** An end that was asked for before there were trainers. */
  #ended: Outcome | null = null;
  #members: readonly Runs[] = [];
  #folder: string | null | undefined;
  #slots: readonly Slot[];
  #size: number;

  /** @param slots reserved ones of this worker, in the order of the stages; the first one begins checkpoints */
  constructor(slots: readonly Slot[]) {
    this.#slots = slots;
    this.#size = slots.length;
  }

  /** Slots of this worker that take part. */
  get slots(): readonly Slot[] {
    return this.#slots;
  }

  /** Number of its slots, on all workers. */
  get size(): number {
    return this.#size;
  }

  /** Makes the folder for the sockets of this worker. Without it, one slot takes part: it computes the same, only later. */
  async open(): Promise<void> {
    if (this.#folder !== undefined) return;
    this.#folder = this.#slots.length > 1 ? await socketFolder() : null;
    if (this.#folder !== null || this.#slots.length === 1) return;
    this.#slots = this.#slots.slice(0, 1);
    this.#size = 1;
  }

  join(guests: Guests): void {
    this.#guests = guests;
    this.#size = this.#slots.length + guests.members.length;
  }

  async run(assignment: TaskAssignment, onReport: OnReport, onLine: OnLine): Promise<Outcome> {
    await this.open();
    try {
      return this.#ended ?? (await this.#runAll(assignment, onReport, onLine));
    } finally {
      await this.close();
    }
  }

  async #runAll(assignment: TaskAssignment, onReport: OnReport, onLine: OnLine): Promise<Outcome> {
    const guests = this.#guests?.members ?? [];
    this.#members = [...this.slots, ...guests];
    const { length: members } = this.#members;
    const local = this.slots.slice(1).map((_, link) => ({ path: join(this.#folder ?? '', String(link)) }));
    const ends: readonly StreamEnd[] = [...local, ...(this.#guests?.ends ?? [])];
    let timer: NodeJS.Timeout | undefined;
    try {
      const whose = guests.length > 0 ? `of which other workers have ${guests.length},` : 'of this worker';
      if (members > 1) onLine({ stream: 'stdout', text: `${members} trainers ${whose} share the stages` });
      const runs = this.#members.map(async (each, member) => {
        const given = members === 1 ? assignment : { ...assignment, gang: placeOf(member, members, ends) };
        const outcome = await each.run(given, onReport, onLine);
        if (outcome.kind !== 'succeeded') {
          const patienceMs = outcome.kind === 'stopped' ? STOP_MS : END_MS;
          timer ??= setTimeout(() => void this.kill(ENDED), patienceMs);
        }
        return outcome;
      });
      return joinedOutcome(await Promise.all(runs));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Forgets its members on other workers, and removes what it has made. Also where it has never run. */
  async close(): Promise<void> {
    const guests = this.#guests;
    const folder = this.#folder;
    this.#guests = null;
    this.#folder = null;
    await guests?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  }

  askCheckpoint(assignment: TaskAssignment, stop: boolean): void {
    if (this.#members.length === 0 && stop) this.#ended ??= { kind: 'stopped' };
    this.#slots[0]?.askCheckpoint(assignment, stop);
  }

  async kill(reason: string): Promise<void> {
    if (this.#members.length === 0) {
      this.#ended = { kind: 'gone', message: reason, killer: 'worker', signal: null };
      return;
    }
    await Promise.all(this.#members.map((member) => member.kill(reason)));
  }
}

const ENDED = 'another trainer of its pipeline has ended';

/** The place of a member, where `ends` are those of all links in order. */
export function placeOf(member: number, members: number, ends: readonly (StreamEnd | null)[]) {
  return { member, members, listen: ends[member] ?? null, connect: ends[member - 1] ?? null };
}

/** The success of all, or the end that caused the others. */
export function joinedOutcome(outcomes: readonly Outcome[]): Outcome {
  const successes = outcomes.flatMap((outcome) => (outcome.kind === 'succeeded' ? [outcome.success] : []));
  if (successes.length === outcomes.length) return { kind: 'succeeded', success: joinedSuccess(successes) };
  const [cause] = outcomes.toSorted((a, b) => rankOf(a) - rankOf(b));
  return cause!;
}

/** Lower for what is more likely the cause of the other ends. */
function rankOf(outcome: Outcome): number {
  if (outcome.kind === 'failed') return outcome.failure.code === 'stream_lost' ? 3 : 0;
  if (outcome.kind === 'gone') return outcome.killer === 'worker' ? 4 : 1;
  return outcome.kind === 'stopped' ? 2 : 5;
}

/**
 * Outputs of all trainers, and the sums of their figures. Seconds by part are means, since they train at the same time; those
 * of each are kept beside.
 */
function joinedSuccess(successes: readonly TaskSuccess[]): TaskSuccess {
  if (successes.length === 1) return successes[0]!;
  const outputs: Record<string, TaskOutput> = {};
  const seconds: Record<string, number> = {};
  const result: Record<string, number> = {};
  for (const success of successes) {
    Object.assign(outputs, success.outputs);
    for (const [name, value] of Object.entries(success.result)) result[name] = (result[name] ?? 0) + value;
    for (const [part, value] of Object.entries(success.seconds))
      seconds[part] = (seconds[part] ?? 0) + value / successes.length;
  }
  return {
    ...successes[0]!,
    outputs,
    seconds,
    result,
    trainers: successes.map((success) => success.seconds),
  };
}

/** Linux takes 107 bytes for the path of a socket. */
const MAX_FOLDER_LENGTH = 100;

/** A new folder that only this account can read; null if there can be none whose sockets have short paths. */
async function socketFolder(): Promise<string | null> {
  const prefix = join(tmpdir(), 'strata-gang-');
  if (prefix.length > MAX_FOLDER_LENGTH) return null;
  return mkdtemp(prefix).catch(() => null);
}
