import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

/** An answer of the API. */
export interface Recorded {
  readonly status: number;
  readonly type: string;
  /** Base64. */
  readonly body: string;
}

/** A view, by the name of its pictures. */
export interface View {
  readonly path: string;
  /** Titles of panels that follow each other: the pictures show these alone. */
  readonly panels?: readonly string[];
}

/** The answers of the API to the pages, so that they look the same on each machine. */
export interface Recording {
  /** The time of the pages, RFC 3339. */
  readonly at: string;
  readonly views: Readonly<Record<string, View>>;
  /** Answers by method and path. */
  readonly answers: Readonly<Record<string, Recorded>>;
}

const FILE = fileURLToPath(new URL('recorded.json.gz', import.meta.url));

export async function readRecording(): Promise<Recording> {
  return JSON.parse(gunzipSync(await readFile(FILE)).toString());
}

export async function writeRecording(recording: Recording): Promise<void> {
  await writeFile(FILE, gzipSync(JSON.stringify(recording), { level: 9 }));
}

/** The key of an answer. */
export function keyOf(method: string, url: string): string {
  const { pathname, search } = new URL(url);
  return `${method} ${pathname}${search}`;
}
