// Makes the guide, a small site, of README.md and docs/: an HTML file a page, the pictures, and an index for its search.
// Plain JavaScript, so that the service compiles without the package that reads Markdown.
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderPage } from './markdown.mjs';
import { layOut } from './template.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HOME = 'README.md';

/**
 * @typedef {object} GuidePage
 * @property {string} source path in the checkout, like docs/cli.md
 * @property {string} path path below /guide/, like cli.html
 * @property {string} title
 * @property {string} html
 * @property {import('./markdown.mjs').Section[]} sections
 */

/** @param {string} target folder of the site */
export async function buildGuide(target) {
  const names = await readdir(join(ROOT, 'docs'), { recursive: true });
  const sources = [HOME, ...names.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
  const pictures = names.filter((name) => /\.(svg|png)$/.test(name));
  const site = new Map(sources.map((source) => [source, pathOf(source)]));
  for (const name of pictures) site.set(`docs/${name}`, name);
  const pages = await Promise.all(sources.map((source) => read(source, site)));
  const order = orderOf(await readFile(join(ROOT, HOME), 'utf8'), pages);
  for (const page of pages) await write(join(target, page.path), layOut(page, order));
  for (const name of pictures) await copy(join(ROOT, 'docs', name), join(target, name));
  await cp(fileURLToPath(new URL('assets', import.meta.url)), target, { recursive: true });
  await write(join(target, 'search.json'), JSON.stringify(order.flatMap(indexOf)));
}

function pathOf(source) {
  return source === HOME ? 'index.html' : source.replace(/^docs\//, '').replace(/\.md$/, '.html');
}

/** @returns {Promise<GuidePage>} */
async function read(source, site) {
  const page = renderPage(await readFile(join(ROOT, source), 'utf8'), source, site);
  return { source, path: pathOf(source), ...page };
}

/** The pages as the README's list names them, then the others by name. */
function orderOf(readme, pages) {
  const named = [...readme.matchAll(/\]\((docs\/[^)#]+\.md)/g)].map(([, source]) => source);
  const sources = new Set([HOME, ...named, ...pages.map(({ source }) => source).sort()]);
  return [...sources].flatMap((source) => pages.find((page) => page.source === source) ?? []);
}

function indexOf({ path, title, sections }) {
  return sections.map(({ id, heading, text }) => ({
    url: id ? `${path}#${id}` : path,
    title,
    heading,
    text,
  }));
}

async function write(path, text) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function copy(from, to) {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
}
