import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from './eventually.js';

/** Orders to the fake trainer (test/jobs/support/fake-trainer.ts) and its signs of life, as files of one folder. */
export class Orders {
  constructor(private readonly folder: string) {}

  /** Tasks of this name wait until `release`. */
  hold(name: string): Promise<void> {
    return writeFile(this.path(`hold-${name}`), '');
  }

  release(name: string): Promise<void> {
    return rm(this.path(`hold-${name}`));
  }

  /** The next task of this name fails with `code`. */
  fail(name: string, code: string): Promise<void> {
    return writeFile(this.path(`fail-${name}`), code);
  }

  /** The next finalize stores a weight that differs in one byte. */
  changeWeights(): Promise<void> {
    return writeFile(this.path('change-weights'), '');
  }

  /** Every attempt at a task of this name warns with `message`. */
  warn(name: string, message: string): Promise<void> {
    return writeFile(this.path(`warn-${name}`), message);
  }

  /** Cuts the streams of a waiting trainer of a gang, which itself goes on. */
  cut(name: string): Promise<void> {
    return writeFile(this.path(`cut-${name}`), '');
  }

  /** The next task of this name prints this on stderr. */
  print(name: string, text: string): Promise<void> {
    return writeFile(this.path(`print-${name}`), text);
  }

  /** The next task of this name prints its last words on stdout and is killed in the same moment. */
  die(name: string, lastWords: string): Promise<void> {
    return writeFile(this.path(`die-${name}`), lastWords);
  }

  /** The pid of the trainer that works on this attempt, once it does. */
  started(name: string, attempt = 1): Promise<number> {
    const path = this.path(`started-${name}-a${attempt}`);
    return eventually(`${name} started`, async () => {
      const pid = existsSync(path) ? Number(await readFile(path, 'utf8')) : 0;
      return pid > 0 && pid;
    });
  }

  /** The checkpoint that an attempt which has started was given; empty for none. */
  from(name: string, attempt: number): Promise<string> {
    return readFile(this.path(`from-${name}-a${attempt}`), 'utf8');
  }

  /** Forgets the signs of the jobs before. */
  async clear(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
    await mkdir(this.folder);
  }

  private path(name: string): string {
    return join(this.folder, name);
  }
}
