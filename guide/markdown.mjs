import { posix } from 'node:path';
import MarkdownIt from 'markdown-it';

/**
 * A part of a page under one heading, for the search.
 * @typedef {object} Section
 * @property {string} id anchor; empty before the first heading
 * @property {string} heading
 * @property {string} text
 */

const markdown = new MarkdownIt({ html: false });
// `style` of a cell would be refused by the policy of the pages.
markdown.renderer.rules.th_open = cell;
markdown.renderer.rules.td_open = cell;
markdown.renderer.rules.table_open = () => '<div class="wide"><table>\n';
markdown.renderer.rules.table_close = () => '</table></div>\n';

function cell(tokens, index) {
  const { tag } = tokens[index];
  return tokens[index].attrGet('style')?.includes('right') ? `<${tag} class="right">` : `<${tag}>`;
}

/**
 * @param {string} text a page in Markdown
 * @param {string} source its path in the checkout
 * @param {ReadonlyMap<string, string>} site paths below /guide/ by paths in the checkout
 */
export function renderPage(text, source, site) {
  // Comments mark generated parts.
  const tokens = markdown.parse(text.replace(/^<!--[\s\S]*?-->\n/gm, ''), {});
  const sections = [{ id: '', heading: '', text: '' }];
  const used = new Map();
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'heading_open') {
      const heading = plainText(tokens[index + 1]);
      const id = unique(slugOf(heading), used);
      token.attrSet('id', id);
      sections.push({ id, heading, text: '' });
    }
    if (token.type === 'fence') sections.at(-1).text += `${token.content} `;
    if (token.type !== 'inline') continue;
    for (const child of token.children) relink(child, source, site);
    unlink(token.children);
    if (tokens[index - 1].type !== 'heading_open') sections.at(-1).text += `${plainText(token)} `;
  }
  const title = sections[1]?.heading ?? source;
  return { title, html: markdown.renderer.render(tokens, markdown.options, {}), sections };
}

function plainText({ children }) {
  return children.map(({ type, content }) => (/break/.test(type) ? ' ' : content)).join('');
}

/** The anchor that GitHub gives a heading. */
export function slugOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-');
}

function unique(slug, used) {
  const count = used.get(slug) ?? 0;
  used.set(slug, count + 1);
  return count === 0 ? slug : `${slug}-${count}`;
}

/** Links to pages and pictures lead to those of the site; links to other files of the checkout are marked. */
function relink(token, source, site) {
  const name = token.type === 'image' ? 'src' : 'href';
  const target = token.attrGet(name);
  if (!target || /^(https?:|#)/.test(target)) return;
  const [file, anchor] = target.split('#');
  const path = posix.join(posix.dirname(source), file);
  const there = site.get(path);
  const depth = '../'.repeat(site.get(source).split('/').length - 1);
  if (there !== undefined) token.attrSet(name, `${depth}${there}${anchor === undefined ? '' : `#${anchor}`}`);
  else token.meta = { elsewhere: path };
}

/** Files that the site does not have are named, not linked. */
function unlink(tokens) {
  const open = [];
  for (const token of tokens) {
    if (token.type === 'link_open') open.push(token);
    if (token.type !== 'link_open' && token.type !== 'link_close') continue;
    const elsewhere = open.at(-1).meta?.elsewhere;
    if (token.type === 'link_close') open.pop();
    if (elsewhere === undefined) continue;
    token.tag = 'span';
    if (token.type === 'link_open') token.attrs = [['title', `${elsewhere} in the repository`]];
  }
}
