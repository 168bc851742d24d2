import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../src/service/root.js';

const PAGE = 'which-method.md';

const pageOf = (name: string) => readFile(join(ROOT, 'docs', name), 'utf8');

/** A part of the page, a row of a table or a paragraph, with the pages that it or the section's introduction names. */
interface Part {
  readonly text: string;
  readonly sources: readonly string[];
}

function sourcesOf(text: string): string[] {
  return [...text.matchAll(/\]\((\w[\w-]*\.md)(?:#[\w-]*)?\)/g)].map(([, name = '']) => name);
}

/** Rows without a link of their own are from the pages that the paragraph before their table names. */
function partsOf(markdown: string): Part[] {
  let introduced: readonly string[] = [];
  return markdown.split('\n\n').flatMap((paragraph) => {
    if (!paragraph.startsWith('|')) {
      introduced = sourcesOf(paragraph);
      return [{ text: paragraph, sources: introduced }];
    }
    return paragraph.split('\n').map((row) => {
      const own = sourcesOf(row);
      return { text: row, sources: own.length > 0 ? own : introduced };
    });
  });
}

/** Measured figures have a decimal point; settings of a job stand in backquotes. */
function figuresOf(text: string): string[] {
  const prose = text.replace(/`[^`]*`/g, '').replace(/\([^)]*\)/g, '');
  return prose.match(/[+-]?\d+\.\d+/g) ?? [];
}

test('each figure of docs/which-method.md stands in the page that it is cited from', async () => {
  const parts = partsOf(await pageOf(PAGE));
  let figures = 0;
  for (const { text, sources } of parts) {
    const texts = await Promise.all(sources.map(pageOf));
    for (const figure of figuresOf(text)) {
      figures += 1;
      const isThere = texts.some((source) => standsIn(figure, source));
      assert.ok(isThere, `${figure} stands in none of [${sources.join(', ')}]: ${text}`);
    }
  }
  assert.ok(figures > 50, `${figures} figures`);
});

function standsIn(figure: string, source: string): boolean {
  const escaped = figure.replace(/[+.]/g, '\\$&');
  return new RegExp(`(?<![\\d.])${escaped}(?![\\d]|\\.\\d)`).test(source);
}
