import { createInterface } from 'node:readline';

/** High-water mark of this process's resident memory, in MB. */
export const peakMb = (): number => process.resourceUsage().maxRSS / 1024;

/**
 * The contender's side of bench/contender.ts; `step` answers the loss.
 * @param base_mb what `peakMb` was with the libraries loaded and nothing else
 */
export async function serveSteps(
  version: string,
  base_mb: number,
  step: () => Promise<number>,
): Promise<void> {
  console.log(JSON.stringify({ version, base_mb }));
  for await (const _line of createInterface({ input: process.stdin })) {
    const started = performance.now();
    const loss = await step();
    console.log(JSON.stringify({ ms: performance.now() - started, loss, peak_mb: peakMb() }));
  }
}
