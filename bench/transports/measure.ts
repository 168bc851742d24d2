import type { Burst } from './figures.js';
import type { Pair } from './pair.js';

/** The time that a turn of a transport takes at most, about. */
export interface Effort {
  /** Bytes of a burst. */
  readonly burstBytes: number;
  /** Messages whose latency is measured, one after another, and seconds after which no more are begun. */
  readonly singles: number;
  readonly singlesSeconds: number;
  /** A burst of what takes longer is one message. */
  readonly burstSeconds: number;
}

export interface Turn {
  readonly burst: Burst;
  /** Seconds. */
  readonly latencies: readonly number[];
}

/** Messages of a size, alone and then in a burst. */
export async function measureTurn(pair: Pair, bytes: number, effort: Effort): Promise<Turn> {
  const latencies: number[] = [];
  let spent = 0;
  while (latencies.length < effort.singles && spent < effort.singlesSeconds) {
    const seconds = await pair.latency(bytes);
    latencies.push(seconds);
    spent += seconds;
  }
  const wanted = Math.ceil(effort.burstBytes / bytes);
  const possible = Math.floor(effort.burstSeconds / Math.min(...latencies));
  return { burst: await pair.burst(Math.max(1, Math.min(wanted, possible)), bytes), latencies };
}
