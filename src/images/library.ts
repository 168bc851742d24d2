import { isMainThread } from 'node:worker_threads';

type Sharply = typeof import('sharp')['default'];

async function load(): Promise<Sharply> {
  const { default: sharp } = await import('sharp');
  // Every image is read once, so a cache would only use memory. The callers limit how many images are decoded at
  // once.
  sharp.cache(false);
  sharp.concurrency(1);
  if (isMainThread) takeThreeFormats(sharp);
  return sharp;
}

/**
 * Allows only the loaders of the three supported formats, whatever bytes arrive. The setting applies to all threads
 * of the process, and a decode between the two calls would fail.
 */
function takeThreeFormats(sharp: Sharply): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
  });
}

let loaded: Promise<Sharply> | undefined;

/**
 * The shared sharp library, loaded for the first image, because most trainers never need it. The main thread must
 * load it before other threads: it sets the allowed formats.
 */
export function imageLibrary(): Promise<Sharply> {
  loaded ??= load();
  return loaded;
}
