/** The statement of an export on its input: `input` of `config.json`, or in the metadata of the other formats. */
export interface ModelInput {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Share of the resized picture that the crop in its center keeps. */
  readonly crop_share: number;
}

/** The parts of sharp that `prepare` uses, so that this package does not depend on it. */
export interface SharpImage {
  metadata(): Promise<{ readonly width: number; readonly height: number }>;
  resize(width: number, height: number, options: { fit: 'fill'; kernel: 'linear' }): SharpImage;
  extract(part: { left: number; top: number; width: number; height: number }): SharpImage;
  flatten(options: { background: string }): SharpImage;
  toColourspace(name: 'b-w' | 'srgb'): SharpImage;
  raw(): SharpImage;
  toBuffer(): Promise<Uint8Array>;
}

/**
 * The pixels of an image file as the service makes them, for an exported network. Node only; prepare-browser.ts is for browsers.
 * @param sharp the library of this name, 0.34 or newer
 * @returns uint8 [height, width, channels]
 */
export async function prepare(
  sharp: (file: Uint8Array) => SharpImage,
  file: Uint8Array,
  { height, width, channels, crop_share: share }: ModelInput,
): Promise<Uint8Array> {
  const size = await sharp(file).metadata();
  const scale = Math.max(width / size.width, height / size.height) / share;
  const covered = {
    width: Math.max(width, Math.round(scale * size.width)),
    height: Math.max(height, Math.round(scale * size.height)),
  };
  const left = Math.floor((covered.width - width) / 2);
  const top = Math.floor((covered.height - height) / 2);
  return sharp(file)
    .resize(covered.width, covered.height, { fit: 'fill', kernel: 'linear' })
    .extract({ left, top, width, height })
    .flatten({ background: '#000' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer();
}
