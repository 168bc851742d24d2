import { ImportError } from '../problems.js';

const LONGEST = 1_024;
const DEEPEST = 16;

/**
 * Checks a name out of an archive. Nothing is ever written under such a name; one that tries to leave the archive shows
 * that the archive is not what its sender believes it to be.
 * @returns the name as everything here knows it: relative, with slashes (Windows' own tools write backslashes), without
 * `.` parts, which `tar -C folder .` puts before every name; empty for the archive's own folder
 * @throws ImportError archive_unsafe
 */
export function cleanName(raw: string): string {
  const name = raw.replaceAll('\\', '/');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  const fault = faultOf(name, parts);
  if (fault) throw new ImportError('archive_unsafe', `the name of a file ${fault}`, raw);
  return parts.join('/');
}

function faultOf(name: string, parts: readonly string[]): string | null {
  if (name.includes('\0')) return 'contains the character NUL';
  if (name.length > LONGEST) return `has ${name.length} characters; the limit is ${LONGEST}`;
  if (name.startsWith('/')) return 'is absolute; names must be relative';
  if (/^[A-Za-z]:/.test(name)) return 'begins with a drive letter; names must be relative';
  if (parts.includes('..')) return 'contains .., which leads out of the archive';
  if (parts.length > DEEPEST) return `lies ${parts.length} folders deep; ${DEEPEST} are allowed`;
  if (name === '') return 'is empty';
  return null;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const western = new TextDecoder('windows-1252');

/** @returns the text of bytes in UTF-8; null where they are not */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/** Latin-1 as Windows has it: no two bytes are the same character, so that no two names become one. */
export const decodeWestern = (bytes: Uint8Array): string => western.decode(bytes);

const SYSTEM_NAMES = ['__MACOSX', 'Thumbs.db', 'ehthumbs.db', 'desktop.ini', '@eaDir'];

/** Files and folders that systems and editors leave in archives, and hidden ones. */
export function isJunk(name: string): boolean {
  return name.split('/').some((part) => part.startsWith('.') || SYSTEM_NAMES.includes(part));
}

export function isNestedArchive(name: string): boolean {
  return /\.(zip|tar|tgz|tbz2?|txz|bz2|xz|7z|rar|zst)$|\.tar\.\w+$/i.test(name);
}

export const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
export const folderOf = (name: string): string => name.slice(0, Math.max(name.lastIndexOf('/'), 0));
