import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

export interface TarFile {
  readonly name: string;
  readonly bytes?: Buffer;
  readonly type?: Header['type'];
  readonly linkname?: string;
}

/** A tar archive of these entries, in gzip if asked for. */
export async function makeTar(files: readonly TarFile[], gzip = false): Promise<Buffer> {
  const archive = pack();
  for (const { name, bytes = Buffer.alloc(0), type = 'file', linkname = '' } of files) {
    if (type === 'file') archive.entry({ name, type }, bytes);
    else archive.entry({ name, type, linkname });
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  return gzip ? gzipSync(bytes) : bytes;
}
