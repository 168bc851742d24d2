import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { exec } from '../../src/provision/exec.js';
import { ROOT } from '../../src/service/root.js';

/** Image that both Dockerfiles start from. Tests pull nothing. */
const BASE = 'node:22-bookworm-slim';

/** The program of a container engine, or why this machine cannot build and run the images. */
export type Engine = { readonly program: string } | { readonly missing: string };

export async function containerEngine(): Promise<Engine> {
  const reasons: string[] = [];
  for (const program of ['podman', 'docker']) {
    try {
      await exec(program, ['image', 'inspect', BASE]);
      return { program };
    } catch (error) {
      const { code } = error as { code?: unknown };
      reasons.push(code === 'ENOENT' ? `no ${program}` : `${program} has no image ${BASE}, or does not work`);
    }
  }
  return { missing: reasons.join('; ') };
}

/** Builds an image. Flags that this machine's engine needs are in STRATA_TEST_BUILD_FLAGS, between blanks. */
export async function buildImage(program: string, dockerfile: string, tag: string): Promise<void> {
  const flags = (process.env.STRATA_TEST_BUILD_FLAGS ?? '').split(' ').filter(Boolean);
  await exec(program, ['build', ...flags, '--file', dockerfile, '--tag', tag, '.'], { cwd: ROOT });
}

export interface ContainerOptions {
  readonly image: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A running container of the test. */
export interface Container {
  /** Runs a command in it. @throws CommandError if that fails */
  exec(command: readonly string[]): Promise<string>;
  /** Waits for its end. @returns its exit code */
  exit(): Promise<number>;
  /** SIGTERM, and SIGKILL after so many seconds. @returns its exit code */
  stop(seconds: number): Promise<number>;
  logs(): Promise<string>;
}

/** As the manifests have it: no root, no capabilities, and a root file system that is read-only. */
const CONFINED = [
  ...['--read-only', '--tmpfs', '/tmp', '--user', '1000:1000'],
  ...['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
];

/**
 * Starts containers on the host's network, with one volume at /data, whose owner is that of the image's folder. All of it
 * goes when the test ends.
 */
export async function openContainers(t: TestContext, program: string) {
  const id = `strata-test-${randomUUID().slice(0, 8)}`;
  const names: string[] = [];
  await exec(program, ['volume', 'create', id]);
  t.after(async () => {
    await exec(program, ['rm', '--force', ...names]);
    await exec(program, ['volume', 'rm', '--force', id]);
  });

  return async ({ image, command, env }: ContainerOptions): Promise<Container> => {
    const name = `${id}-${names.length}`;
    names.push(name);
    const variables = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
    const placed = ['--name', name, '--hostname', name, '--network', 'host', '--volume', `${id}:/data`];
    await exec(program, ['run', '--detach', ...placed, ...CONFINED, ...variables, image, ...command]);
    const exit = async () => Number((await exec(program, ['wait', name])).trim());
    return {
      exec: (inside) => exec(program, ['exec', name, ...inside]),
      exit,
      async stop(seconds) {
        await exec(program, ['stop', '--time', String(seconds), name]);
        return exit();
      },
      logs: () => exec('/bin/sh', ['-c', '"$0" logs "$1" 2>&1', program, name]),
    };
  };
}
