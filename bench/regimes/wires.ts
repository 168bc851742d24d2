import type { PeerName, PeerSteps } from './peers.js';

/** A wire between two devices. */
export interface Wire {
  readonly name: string;
  readonly bytesPerSecond: number;
  readonly roundTripSeconds: number;
}

export interface PeerRow {
  readonly name: string;
  readonly seconds: number;
  /** Memory as a share of what the plain step needs. */
  readonly memoryShare: number;
}

const FLOAT = 4;
const MICROBATCHES = 4;

/**
 * Seconds of a step over a wire: what was measured without one, or what the wire needs for the bytes of a step, whichever
 * is longer. So all communication of the peers is taken as overlapped with computing, the best that they can do.
 * @param boundaryBytes of a batch's features between two stages
 */
export function peersOver(steps: PeerSteps, wire: Wire, boundaryBytes: number): PeerRow[] {
  const { plain, checkpoint } = steps;
  if (!plain) return [];
  const weights = FLOAT * plain.parameters;
  // Two ranks: each sends half of the weights twice (DDP) or three times (FSDP).
  const sent: Record<PeerName, number> = {
    ...{ plain: 0, checkpoint: 0, ddp: weights, fsdp: 1.5 * weights, '1f1b': boundaryBytes },
  };
  const rows = (Object.keys(steps) as PeerName[]).flatMap((name): PeerRow[] => {
    const step = steps[name];
    if (!step) return [];
    const isAlone = sent[name] === 0;
    const wireSeconds = isAlone ? 0 : wire.roundTripSeconds + sent[name] / wire.bytesPerSecond;
    // The first microbatch must arrive before the second stage begins, and its gradient before the first one can end.
    const fill =
      name === '1f1b' ? wire.roundTripSeconds + (2 * boundaryBytes) / MICROBATCHES / wire.bytesPerSecond : 0;
    return [
      {
        name: LABELS[name],
        seconds: Math.max(step.seconds, wireSeconds) + fill,
        memoryShare: step.megabytes / plain.megabytes,
      },
    ];
  });
  const ddp = rows.find(({ name }) => name === LABELS.ddp);
  if (!ddp || !checkpoint) return rows;
  // Computed: the second forward pass takes as many times as long as on one device.
  const slower = checkpoint.seconds / plain.seconds;
  const share = (ddp.memoryShare * checkpoint.megabytes) / plain.megabytes;
  return [
    ...rows,
    { name: `${LABELS.ddp} + checkpointing`, seconds: ddp.seconds * slower, memoryShare: share },
  ];
}

const LABELS: Record<PeerName, string> = {
  plain: 'PyTorch, one device',
  checkpoint: 'PyTorch, checkpointing',
  ddp: 'PyTorch DDP',
  fsdp: 'PyTorch FSDP',
  '1f1b': 'PyTorch 1F1B',
};
