// The search of the guide: every word must be in a section. The index is loaded with the first letter.
const query = document.getElementById('query');
const found = document.getElementById('found');
const { base } = document.body.dataset;
const MAX_RESULTS = 12;
let sections;

async function load() {
  sections ??= fetch(`${base}search.json`).then((answer) => answer.json());
  return sections;
}

/** Headings count more than text. */
function scoreOf({ title, heading, text }, words) {
  let score = 0;
  for (const word of words) {
    if (heading.toLowerCase().includes(word)) score += 5;
    else if (title.toLowerCase().includes(word)) score += 2;
    else if (text.toLowerCase().includes(word)) score += 1;
    else return 0;
  }
  return score;
}

function itemOf({ url, title, heading }) {
  const link = document.createElement('a');
  link.href = base + url;
  link.textContent = heading && heading !== title ? `${title}: ${heading}` : title;
  const item = document.createElement('li');
  item.append(link);
  return item;
}

async function search() {
  const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
  const all = words.length > 0 ? await load() : [];
  const ranked = all
    .map((section) => ({ section, score: scoreOf(section, words) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .slice(0, MAX_RESULTS);
  const none = document.createElement('li');
  none.textContent = 'Nothing found';
  found.replaceChildren(...(ranked.length > 0 ? ranked.map(({ section }) => itemOf(section)) : [none]));
  found.hidden = words.length === 0;
}

query.addEventListener('input', search);
query.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') found.querySelector('a')?.click();
  if (event.key === 'Escape') query.value = '';
  if (event.key === 'Escape') search();
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target instanceof HTMLInputElement) return;
  event.preventDefault();
  query.focus();
});
