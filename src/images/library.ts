type Sharply = typeof import('sharp')['default'];

async function load(): Promise<Sharply> {
  const { default: sharp } = await import('sharp');
  // Every image is read once: a cache would only hold memory. Who calls decides how many are decoded at once.
  sharp.cache(false);
  sharp.concurrency(1);
  // Of all formats it knows these are the ones that are taken: no other loader is reached, whatever bytes come.
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({
    operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
  });
  return sharp;
}

let loaded: Promise<Sharply> | undefined;

/** sharp as everybody has it here, loaded for the first image: most trainers never see one. */
export function imageLibrary(): Promise<Sharply> {
  loaded ??= load();
  return loaded;
}
