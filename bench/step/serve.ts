import { createInterface } from 'node:readline';

/** The contender's side of bench/contender.ts; `step` answers the loss. */
export async function serveSteps(version: string, step: () => Promise<number>): Promise<void> {
  console.log(JSON.stringify({ version }));
  for await (const _line of createInterface({ input: process.stdin })) {
    const started = performance.now();
    const loss = await step();
    console.log(JSON.stringify({ ms: performance.now() - started, loss }));
  }
}
