import { readFileSync, writeFileSync } from 'node:fs';

/** Measures a part of a benchmark, unless the file has it. */
export type Parts = <Part>(name: string, measure: () => Promise<Part>) => Promise<Part>;

/** Keeps parts in a JSON file as they are done, so that a benchmark that was stopped goes on. @param file null: in none */
export function partsIn(file: string | null): Parts {
  const done = new Map<string, unknown>(file === null ? [] : Object.entries(readParts(file)));
  return async <Part>(name: string, measure: () => Promise<Part>) => {
    if (done.has(name)) return done.get(name) as Part;
    const part = await measure();
    done.set(name, part);
    if (file !== null) writeFileSync(file, JSON.stringify(Object.fromEntries(done)));
    return part;
  };
}

function readParts(file: string): object {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object;
  } catch {
    return {};
  }
}
