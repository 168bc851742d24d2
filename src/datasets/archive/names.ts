import { ImportError } from '../problems.js';

const LONGEST = 1_024;
const DEEPEST = 16;

/**
 * Checks a name out of an archive. Nothing is ever written under such a name; one that tries to leave the archive shows
 * that the archive is not what its sender believes it to be.
 * @throws ImportError archive_unsafe
 */
export function checkName(name: string): void {
  const fault = faultOf(name);
  if (fault) throw new ImportError('archive_unsafe', `a file's name ${fault}`, name);
}

function faultOf(name: string): string | null {
  if (name.includes('\0')) return 'holds the character NUL';
  if (name.length > LONGEST) return `has ${name.length} characters; ${LONGEST} are allowed`;
  if (name.includes('\\')) return 'holds a backslash; use / between folders';
  if (name.startsWith('/')) return 'is absolute; names must be relative';
  if (/^[A-Za-z]:/.test(name)) return 'begins with a drive letter; names must be relative';
  const segments = name.split('/');
  if (segments.includes('..')) return 'holds .., which leads out of the archive';
  if (segments.length > DEEPEST) return `lies ${segments.length} folders deep; ${DEEPEST} are allowed`;
  if (name === '') return 'is empty';
  return null;
}

/** What systems and editors leave in archives. */
export function isJunk(name: string): boolean {
  return name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX' || part === 'Thumbs.db');
}

export function isNestedArchive(name: string): boolean {
  return /\.(zip|tar|tgz|tbz2?|txz|bz2|xz|7z|rar|zst)$|\.tar\.\w+$/i.test(name);
}

export const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
