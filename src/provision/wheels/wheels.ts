import lock from '../wheels.json' with { type: 'json' };

/** One file on PyPI, pinned by content: whatever mirror serves it, these are the bytes. */
export interface Wheel {
  name: string;
  version: string;
  sha256: string;
}

export type Variant = 'cpu' | 'cuda';

const sets: Record<string, Wheel[]> = lock;

/** The wheels of a named set for this machine, e.g. `wheelSet('tensorflow', 'cpu')`. */
export function wheelSet(name: string, variant?: Variant, arch: string = process.arch): Wheel[] {
  const key = [name, 'linux', arch, variant].filter(Boolean).join('-');
  const wheels = sets[key];
  if (!wheels) {
    throw new Error(
      `No pinned wheels '${key}' in src/provision/wheels.json: Strata's runtime is provided for Linux on x64 and arm64 (glibc >= 2.28).`,
    );
  }
  return wheels;
}

/** pip's hash-checking mode: a file whose sha256 differs is refused before anything is read from it. */
export function requirementsFile(wheels: readonly Wheel[]): string {
  return wheels.map((wheel) => `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`).join('');
}
