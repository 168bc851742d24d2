import lock from '../wheels.json' with { type: 'json' };

/** A file on PyPI, pinned by its content, whatever mirror serves it. */
export interface Wheel {
  name: string;
  version: string;
  sha256: string;
}

export type Variant = 'cpu' | 'cuda';

const sets: Record<string, Wheel[]> = lock;

/** The wheels of a named set for this machine, as in `wheelSet('tensorflow', 'cpu')`. */
export function wheelSet(name: string, variant?: Variant, arch: string = process.arch): Wheel[] {
  const key = [name, 'linux', arch, variant].filter(Boolean).join('-');
  const wheels = sets[key];
  if (!wheels) {
    throw new Error(
      `There are no pinned wheels for '${key}' in src/provision/wheels.json. Strata runs on Linux on x64 and arm64 (glibc >= 2.28).`,
    );
  }
  return wheels;
}

/** pip's hash-checking mode: a file with another sha256 is rejected before it is used. */
export function requirementsFile(wheels: readonly Wheel[]): string {
  return wheels.map((wheel) => `${wheel.name}==${wheel.version} --hash=sha256:${wheel.sha256}\n`).join('');
}
