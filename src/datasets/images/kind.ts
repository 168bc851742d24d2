export type ImageKind = 'jpeg' | 'png' | 'webp';

/** Image kind by the first bytes, whatever the file name says. null for unsupported files. */
export function imageKind(bytes: Uint8Array): ImageKind | null {
  const at = (offset: number, text: string) =>
    bytes.length >= offset + text.length &&
    [...text].every((letter, index) => bytes[offset + index] === letter.charCodeAt(0));
  if (at(0, '\xff\xd8\xff')) return 'jpeg';
  if (at(0, '\x89PNG\r\n\x1a\n')) return 'png';
  if (at(0, 'RIFF') && at(8, 'WEBP')) return 'webp';
  return null;
}

const KNOWN: readonly (readonly [RegExp, string])[] = [
  [/^GIF8/, 'a GIF'],
  [/^(II\*\0|MM\0\*)/, 'a TIFF'],
  [/^BM/, 'a BMP'],
  [/^.{4}ftyp/s, 'a HEIF or AVIF'],
  [/^\s*(<\?xml|<svg|<!DOCTYPE svg)/i, 'an SVG'],
  [/^%PDF/, 'a PDF'],
  [/^P[1-7]\s/, 'a PNM (PPM, PGM or PBM)'],
  [/^8BPS/, 'a Photoshop file'],
  [/^.{4}JXL /s, 'a JPEG XL'],
  [/^.{4}jP {2}/s, 'a JPEG 2000'],
];

/** A description for people of bytes that are not a supported image. */
export function describeBytes(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const head = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  return KNOWN.find(([pattern]) => pattern.test(head))?.[1] ?? 'not an image';
}

/** Longest file that is read as an image. */
export const MAX_IMAGE_BYTES = 64 * 2 ** 20;

export const hasImageName = (name: string): boolean => /\.(jpe?g|jpe|jfif|pjpe?g|png|webp)$/i.test(name);
/** Names of unsupported image kinds. They are reported instead of being ignored silently. */
export const hasOtherImageName = (name: string): boolean =>
  /\.(gif|tiff?|bmp|dib|svg|hei[cf]|avif|jp2|j2k|jxl|p[pgbn]m|pfm|ico|psd|tga|exr|hdr|dcm|dng|cr2|nef)$/i.test(
    name,
  );
