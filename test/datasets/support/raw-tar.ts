/** An entry of a tar archive as its header has it, for what libraries do not write. */
export interface RawEntry {
  readonly name: string | Buffer;
  readonly bytes?: Buffer;
  /** '0' is a file. */
  readonly type?: string;
  readonly magic?: 'v7' | 'ustar' | 'gnu';
}

const BLOCK = 512;
const MAGIC = { v7: Buffer.alloc(8), ustar: Buffer.from('ustar\x0000'), gnu: Buffer.from('ustar  \0') };

/** @param ends whether two blocks of zeros end it, as they must */
export function makeRawTar(entries: readonly RawEntry[], ends = true): Buffer {
  const blocks = entries.flatMap((entry) => [headerOf(entry), padded(entry.bytes ?? Buffer.alloc(0))]);
  return Buffer.concat([...blocks, Buffer.alloc(ends ? 2 * BLOCK : 0)]);
}

/** Records of a PAX header. */
export function paxRecords(fields: Readonly<Record<string, string>>): Buffer {
  const records = Object.entries(fields).map(([key, value]) => {
    const rest = Buffer.from(` ${key}=${value}\n`);
    let length = rest.length;
    while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
    return Buffer.concat([Buffer.from(`${length}`), rest]);
  });
  return Buffer.concat(records);
}

function headerOf({ name, bytes = Buffer.alloc(0), type = '0', magic = 'ustar' }: RawEntry): Buffer {
  const header = Buffer.alloc(BLOCK);
  Buffer.from(name).copy(header, 0, 0, 100);
  header.write('0000644\0', 100, 'latin1');
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  MAGIC[magic].copy(header, 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
