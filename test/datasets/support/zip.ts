import { crc32, deflateRawSync } from 'node:zlib';

/** A file of a zip archive, and the false values of its headers. */
export interface ZipFile {
  readonly name: string | Buffer;
  readonly bytes?: Uint8Array;
  readonly deflate?: boolean;
  /** Unix mode, with the kind of file in its upper bits. */
  readonly mode?: number;
  readonly encrypted?: boolean;
  readonly method?: number;
  readonly declaredSize?: number;
  readonly declaredCrc?: number;
  /** Offset of the local header that the directory names, in place of its own. */
  readonly offset?: number;
}

const UNIX = 3 << 8;

/**
 * A zip archive by APPNOTE.TXT 6.3.3, for tests: what libraries write is never hostile.
 * @param isFlagged whether it says that its names are UTF-8
 */
export function makeZip(files: readonly ZipFile[], { isFlagged = true } = {}): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let length = 0;
  for (const file of files) {
    const { local, central } = headersOf(file, length, isFlagged);
    directory.push(central);
    parts.push(local);
    length += local.length;
  }
  const central = Buffer.concat(directory);
  return Buffer.concat([...parts, central, endRecord(files.length, central.length, length)]);
}

function headersOf(file: ZipFile, at: number, isFlagged: boolean): { local: Buffer; central: Buffer } {
  const { bytes = new Uint8Array(), deflate = false, mode = 0o100644, offset = at } = file;
  const name = Buffer.from(file.name);
  const packed = deflate ? deflateRawSync(bytes) : Buffer.from(bytes);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE((isFlagged ? 0x800 : 0) | (file.encrypted ? 1 : 0), 2);
  common.writeUInt16LE(file.method ?? (deflate ? 8 : 0), 4);
  common.writeUInt32LE(file.declaredCrc ?? crc32(bytes), 10);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(file.declaredSize ?? bytes.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, name, packed]);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((mode << 16) >>> 0, 6);
  rest.writeUInt32LE(offset, 10);
  const madeBy = Buffer.alloc(2);
  madeBy.writeUInt16LE(UNIX | 20);
  return { local, central: Buffer.concat([Buffer.from('PK\x01\x02'), madeBy, common, rest, name]) };
}

function endRecord(count: number, directoryBytes: number, directoryAt: number): Buffer {
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directoryBytes, 12);
  end.writeUInt32LE(directoryAt, 16);
  return end;
}
