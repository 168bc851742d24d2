import type { Part, Progress } from '../provision/progress.js';
import { provisionTensorFlow } from '../provision/tensorflow/tensorflow.js';
import { generatePrismaClient } from './prisma-client.js';

/** Installs everything that the service needs and npm does not install. A second call finds it all. */
export async function setUp(progress: Progress): Promise<Part[]> {
  const tensorflow = await provisionTensorFlow(progress);
  return [...npmPart(), ...tensorflow, ...(await generatePrismaClient(progress))];
}

/** Measurement by scripts/bootstrap.mjs, if it has just installed the npm packages. */
function npmPart(): Part[] {
  const [seconds, bytes] = (process.env.STRATA_NPM_CI ?? '').split(',').map(Number);
  return seconds && bytes ? [{ name: 'npm packages', seconds, bytes }] : [];
}

/** A table row per part: its name, size and seconds. */
export function describeParts(parts: readonly Part[]): string {
  const rows = parts.map((part) => {
    const size = part.bytes === undefined ? '' : `${(part.bytes / 1e6).toFixed(1)} MB`;
    const seconds = part.reused ? 'from the cache' : `${part.seconds.toFixed(1)} s`;
    return `  ${part.name.padEnd(22)} ${size.padStart(10)}   ${seconds}`;
  });
  return rows.join('\n');
}
