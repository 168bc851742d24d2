import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../src/service/root.js';

/** The code that reads and writes rows of Postgres. */
const BORDER = ['store', 'client', 'lifecycle', 'dispatcher'].map((folder) => `src/jobs/${folder}`);
/** Assertions there today. A row's type comes from its reader (src/jobs/store/connection), so that this only falls. */
const MAX = 9;

/** A cast or `!`: the compiler takes the author's word for a type. `as const` is none. */
export function assertionsIn(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (isAssertion(node)) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push(`${path}:${line + 1} ${node.getText(file).replaceAll(/\s+/g, ' ')}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isAssertion(node: ts.Node): boolean {
  if (ts.isAsExpression(node)) return !ts.isConstTypeReference(node.type);
  return ts.isNonNullExpression(node) || ts.isTypeAssertionExpression(node);
}

/** The assertions at the border of Postgres, where there are more of them than before. */
export async function checkTypeAssertions(): Promise<string[]> {
  const found = (await Promise.all(BORDER.map(assertionsBelow))).flat();
  if (found.length === MAX) return [];
  if (found.length < MAX) return [`${found.length} casts and \`!\` are left: lower MAX from ${MAX}`];
  return [
    `${found.length} casts and \`!\`, but at most ${MAX} are allowed; read rows by their types:`,
    ...found,
  ];
}

async function assertionsBelow(folder: string): Promise<string[]> {
  const paths = (await readdir(join(ROOT, folder), { recursive: true })).filter(
    (path) => path.endsWith('.ts') && !path.startsWith('generated'),
  );
  const texts = paths.map(async (path) =>
    assertionsIn(join(folder, path), await readFile(join(ROOT, folder, path), 'utf8')),
  );
  return (await Promise.all(texts)).flat();
}
