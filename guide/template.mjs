/** Pages of these folders are one entry of the list, which opens. */
const FOLDED = [{ folder: 'docs/adr/', name: 'Decisions' }];

/**
 * @param {import('./build.mjs').GuidePage} page
 * @param {readonly import('./build.mjs').GuidePage[]} order all pages, as the list has them
 */
export function layOut(page, order) {
  const base = '../'.repeat(page.path.split('/').length - 1);
  const main = order.filter(({ source }) => !FOLDED.some(({ folder }) => source.startsWith(folder)));
  const folded = FOLDED.map(({ folder, name }) => {
    const pages = order.filter(({ source }) => source.startsWith(folder));
    const isOpen = page.source.startsWith(folder);
    return `<details${isOpen ? ' open' : ''}><summary>${name}</summary>${listOf(pages, page, base)}</details>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeText(page.title)}${page.path === 'index.html' ? '' : ' - Strata'}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}guide.css">
<script type="module" src="${base}guide.js"></script>
</head>
<body data-base="${base}">
<header>
<a href="${base}index.html"><strong>Strata</strong> guide</a>
<a href="/ui/">Dashboard</a>
<a href="/docs">API</a>
<search><label>Search <input type="search" id="query" autocomplete="off"></label><ul id="found" hidden></ul></search>
</header>
<nav aria-label="Pages">
${listOf(main, page, base)}
${folded.join('\n')}
</nav>
<main>
${page.html}</main>
</body>
</html>
`;
}

function listOf(pages, current, base) {
  const items = pages.map(({ path, title, source }) => {
    const mark = source === current.source ? ' aria-current="page"' : '';
    return `<li><a href="${base}${path}"${mark}>${escapeText(title)}</a></li>`;
  });
  return `<ul>${items.join('\n')}</ul>`;
}

function escapeText(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
