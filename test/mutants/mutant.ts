import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A deliberate fault: one small change of the code that one named test must notice. */
export interface Mutant {
  readonly name: string;
  /** Resulting fault of the code. */
  readonly fault: string;
  /** The file that is changed. */
  readonly file: string;
  /** Each text must stand in the file exactly once; it gives way to the other. */
  readonly edits: readonly (readonly [from: string, to: string])[];
  readonly caughtBy: NamedTest;
}

export interface NamedTest {
  readonly file: string;
  /** A part of its name that stands in the file as it is written here. */
  readonly test: string;
}

/**
 * The file's text with the fault in it.
 * @throws Error where a text to be replaced does not stand in the file exactly once
 */
export function mutate(text: string, { name, file, edits }: Pick<Mutant, 'name' | 'file' | 'edits'>): string {
  return edits.reduce((current, [from, to]) => {
    const count = current.split(from).length - 1;
    if (count !== 1) {
      throw new Error(
        `mutant ${name}: '${from}' stands ${count} times in ${file}, not once; write the code's new text into test/mutants/list`,
      );
    }
    return current.replace(from, () => to);
  }, text);
}

/** Writes the fault into the tree below `root`, and returns what takes it out again. */
export async function plant(root: string, mutant: Mutant): Promise<() => Promise<void>> {
  const path = join(root, mutant.file);
  const text = await readFile(path, 'utf8');
  await writeFile(path, mutate(text, mutant));
  return () => writeFile(path, text);
}

/** Why `mutant` cannot be tried on the tree below `root`; empty where it can. */
export async function problemsOf(root: string, mutant: Mutant): Promise<string[]> {
  const { name, file, caughtBy } = mutant;
  const problems: string[] = [];
  try {
    const text = await readFile(join(root, file), 'utf8');
    if (mutate(text, mutant) === text) problems.push(`mutant ${name} changes nothing in ${file}`);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const test = await readFile(join(root, caughtBy.file), 'utf8').catch(() => null);
  if (test === null) problems.push(`mutant ${name}: there is no ${caughtBy.file}`);
  else if (!test.includes(caughtBy.test)) {
    problems.push(`mutant ${name}: no test of ${caughtBy.file} is called '${caughtBy.test}'`);
  }
  return problems;
}

/** Mutants that one test must notice. */
export function noticedBy(
  file: string,
  test: string,
  mutants: readonly Omit<Mutant, 'caughtBy'>[],
): readonly Mutant[] {
  return mutants.map((mutant) => ({ ...mutant, caughtBy: { file, test } }));
}
