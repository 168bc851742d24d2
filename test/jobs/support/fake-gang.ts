import type { GangPlace } from '../../../src/contract/trainer-protocol.js';
import { FRAME } from '../../../src/trainer/messages/stream/frame.js';
import { type Neighbor, Neighbors } from '../../../src/trainer/messages/stream/neighbors.js';

/** Called with a checkpoint that all trainers are to make, and whether they stop after it. */
type OnCheckpoint = (stops: boolean) => Promise<void>;

/** The place of a fake trainer in its gang: it passes checkpoints on and ends with its neighbors, as real ones do. */
export class FakeGang {
  /** Rejects when a neighbor is lost. */
  readonly lost: Promise<never>;
  readonly isLast: boolean;
  /** Resolves when it has heard of all neighbors. */
  readonly met: Promise<unknown>;
  readonly #neighbors: Neighbors;
  readonly #linked: readonly Neighbor[];
  readonly #over: Promise<unknown>;

  constructor({ member, members, listen, connect }: GangPlace, onCheckpoint: OnCheckpoint) {
    this.isLast = member === members - 1;
    this.#neighbors = new Neighbors({
      listen,
      connect,
      capacity: 2,
    });
    const { upstream, downstream } = this.#neighbors;
    this.#linked = [...(member === 0 ? [] : [upstream]), ...(this.isLast ? [] : [downstream])];
    this.met = Promise.all(this.#linked.map((neighbor) => meet(neighbor)));
    this.#over = this.met.then(() =>
      Promise.all(this.#linked.map((neighbor) => untilOver(neighbor, onCheckpoint))),
    );
    this.lost = new Promise((_, reject) => this.#over.catch(reject));
    this.lost.catch(() => undefined);
  }

  async passOn(stops: boolean): Promise<void> {
    const frame = { kind: FRAME.checkpoint, bytes: Uint8Array.of(Number(stops)).buffer };
    if (!this.isLast) await this.#neighbors.downstream.send(frame);
  }

  /** Resolves when all neighbors have done their work, too. */
  async end(): Promise<void> {
    for (const neighbor of this.#linked)
      await neighbor.send({ kind: FRAME.tensor, bytes: new ArrayBuffer(4) });
    await this.#over;
  }

  close(): Promise<void> {
    return this.#neighbors.close();
  }
}

/** Each greets the other one. */
async function meet(neighbor: Neighbor): Promise<void> {
  await neighbor.send({ kind: FRAME.tensor, bytes: new ArrayBuffer(1) });
  await neighbor.receive();
}

/** Resolves with the only other tensor that a neighbor sends: its work is done. */
async function untilOver(neighbor: Neighbor, onCheckpoint: OnCheckpoint): Promise<void> {
  for (;;) {
    const { kind, bytes } = await neighbor.receive();
    if (kind === FRAME.tensor) return;
    const stops = new Uint8Array(bytes)[0] === 1;
    // A neighbor that stops ends next, by which this trainer is not lost.
    await onCheckpoint(stops);
    if (stops) await new Promise<never>(() => undefined);
  }
}
