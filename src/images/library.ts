import { isMainThread } from 'node:worker_threads';

type Sharply = typeof import('sharp')['default'];

async function load(): Promise<Sharply> {
  const { default: sharp } = await import('sharp');
  // Every image is read once: a cache would only hold memory. Who calls decides how many are decoded at once.
  sharp.cache(false);
  sharp.concurrency(1);
  if (isMainThread) takeThreeFormats(sharp);
  return sharp;
}

/**
 * Of all formats it knows these are the ones that are taken: no other loader is reached, whatever bytes come. It holds for all
 * threads of the process, which would fail between the two calls.
 */
function takeThreeFormats(sharp: Sharply): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
  });
}

let loaded: Promise<Sharply> | undefined;

/**
 * sharp as everybody has it here, loaded for the first image: most trainers never see one. The main thread loads it before
 * another one may: it says which formats are taken.
 */
export function imageLibrary(): Promise<Sharply> {
  loaded ??= load();
  return loaded;
}
