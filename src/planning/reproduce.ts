import type { Runtime } from '../contract/trainer-protocol.js';

/** The parts of a runtime on which the bits depend, as far as is known. Processors with the same instruction sets may differ. */
const DECISIVE = ['tensorflow', 'kernels', 'instruction_set', 'threads', 'device'] as const;

/** Whether tasks of `wanted` can be made again with the same bits. */
export function isAlike(wanted: Runtime, offered: Runtime): boolean {
  return DECISIVE.every((part) => wanted[part] === offered[part]);
}

/**
 * Why no worker can make the model again; null if one can.
 * @param environments of the model's tasks
 * @param offered runtimes of the slots that exist now
 */
export function whyImpossible(environments: readonly Runtime[], offered: readonly Runtime[]): string | null {
  const [wanted, ...others] = environments;
  if (wanted === undefined) return 'it was made by a version that did not record its runtime';
  const other = others.find((each) => !isAlike(wanted, each));
  if (other) return `its tasks ran in different runtimes: ${worded(wanted)}, and ${worded(other)}`;
  if (offered.some((each) => isAlike(wanted, each))) return null;
  const existing = [...new Set(offered.map(worded))];
  const now = existing.length === 0 ? 'no worker is ready' : `workers have ${existing.join('; ')}`;
  return `no worker with ${worded(wanted)}: ${now}`;
}

/** The runtimes among these that are not that of the model, in words; null if there are none. */
export function elsewhere(environments: readonly Runtime[], ran: readonly Runtime[]): string | null {
  const others = ran.filter((each) => !environments.some((wanted) => isAlike(wanted, each)));
  if (others.length > 0) return `tasks ran elsewhere: ${[...new Set(others.map(worded))].join('; ')}`;
  const processors = new Set(environments.map(({ processor }) => processor));
  const foreign = ran.find(({ processor }) => !processors.has(processor));
  if (foreign) return `the processor is another one: ${foreign.processor}`;
  const versions = new Set(environments.map(({ strata }) => strata));
  const newer = ran.find(({ strata }) => !versions.has(strata));
  return newer ? `the code is another one: ${newer.strata}` : null;
}

function worded({ threads, instruction_set, tensorflow, kernels, device }: Runtime): string {
  const where = device === 'gpu' ? 'a GPU, ' : '';
  const plural = threads === 1 ? 'thread' : 'threads';
  return `${where}${threads} ${plural} on ${instruction_set}, TensorFlow ${tensorflow} (build ${kernels.slice(0, 8)})`;
}
