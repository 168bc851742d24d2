import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskAssignment, TaskOutput, TaskSuccess } from '../../../contract/trainer-protocol.js';
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
const END_MS = 20_000;

/**
 * Slots of one worker that run a task together, each with some of its stages (docs/adr/0025). It is one attempt with one lease
 * and one fence: what its trainers report is recorded once, when all have succeeded, and a trainer that is lost ends the
 * attempt. All go on from the same checkpoint then.
 */
export class Gang implements Runs {
  /** @param slots reserved ones, in the order of the stages; the first one begins checkpoints */
  constructor(private readonly slots: readonly Slot[]) {}

  async run(assignment: TaskAssignment, onReport: OnReport, onLine: OnLine): Promise<Outcome> {
    const folder = await socketFolder();
    // One trainer computes the same, only later.
    if (folder === null) return this.slots[0]!.run(assignment, onReport, onLine);
    const { length: members } = this.slots;
    let timer: NodeJS.Timeout | undefined;
    try {
      onLine({ stream: 'stdout', text: `${members} trainers of this worker share the stages` });
      const runs = this.slots.map(async (slot, member) => {
        const gang = { member, members, folder };
        const outcome = await slot.run({ ...assignment, gang }, onReport, onLine);
        if (outcome.kind !== 'succeeded') timer ??= setTimeout(() => void this.kill(ENDED), END_MS);
        return outcome;
      });
      return joinedOutcome(await Promise.all(runs));
    } finally {
      clearTimeout(timer);
      await rm(folder, { recursive: true, force: true });
    }
  }

  askCheckpoint(assignment: TaskAssignment, stop: boolean): void {
    this.slots[0]?.askCheckpoint(assignment, stop);
  }

  async kill(reason: string): Promise<void> {
    await Promise.all(this.slots.map((slot) => slot.kill(reason)));
  }
}

const ENDED = 'another trainer of its pipeline has ended';

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
