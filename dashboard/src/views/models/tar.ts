/** A file that goes into an archive. */
export type Entry = Pick<File, 'name' | 'size' | 'lastModified'> & Blob;

const BLOCK_BYTES = 512;
/** Longest name in the header of an entry, in bytes. A longer one stands in an extended header. */
const NAME_BYTES = 100;
const CHECKSUM = { start: 148, end: 156 } as const;
const utf8 = new TextEncoder();

/**
 * A tar archive (POSIX.1-2001) of these files, without compression, which pictures have already. Nothing is read: the browser
 * reads the files when it sends the archive. The name and the time are those of the files together, so that the same choice
 * makes the same archive.
 */
export function tarOf(files: readonly Entry[]): File {
  const parts = files.flatMap((file) => [...headersOf(file), file, padding(file.size)]);
  const end = new Uint8Array(2 * BLOCK_BYTES);
  const lastModified = Math.max(...files.map((file) => file.lastModified));
  return new File([...parts, end], `${files.length} files ${fingerprint(files)}.tar`, { lastModified });
}

function headersOf({ name, size }: Entry): Uint8Array<ArrayBuffer>[] {
  const bytes = utf8.encode(name);
  const own = header(bytes.subarray(0, NAME_BYTES), size, '0');
  if (bytes.length <= NAME_BYTES) return [own];
  const record = paxRecord('path', name);
  return [header(utf8.encode('pax'), record.length, 'x'), record, padding(record.length), own];
}

/** `length key=value\n`, whose length counts its own digits. */
function paxRecord(key: string, value: string): Uint8Array<ArrayBuffer> {
  const rest = utf8.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (rest + String(length).length !== length) length += 1;
  return utf8.encode(`${length} ${key}=${value}\n`);
}

/** @param type one character. */
function header(name: Uint8Array, sizeBytes: number, type: string): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string) => block.set(utf8.encode(text), at);
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`;
  block.set(name);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(sizeBytes, 11));
  put(136, octal(0, 11));
  put(CHECKSUM.start, ' '.repeat(CHECKSUM.end - CHECKSUM.start));
  put(156, type);
  put(257, 'ustar\0' + '00');
  put(
    CHECKSUM.start,
    octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    ),
  );
  return block;
}

const padding = (sizeBytes: number) =>
  new Uint8Array((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);

/** A hash (FNV-1a, 32 bits) of names, sizes and times, in hex. */
function fingerprint(files: readonly Entry[]): string {
  const text = JSON.stringify(files.map(({ name, size, lastModified }) => [name, size, lastModified]));
  const hash = utf8.encode(text).reduce((now, byte) => Math.imul(now ^ byte, 0x01000193), 0x811c9dc5);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
