/**
 * Tells the client to save under the last part of `name` (RFC 6266). Artifacts refer to each other by their names
 * within a folder, so the folder is left to the client.
 */
export function attachment(name: string): string {
  const fileName = name.split('/').at(-1) || 'artifact';
  const ascii = fileName.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(fileName).replaceAll(/['()*]/g, percentEncode);
  return `attachment; filename="${ascii}"${ascii === fileName ? '' : `; filename*=UTF-8''${encoded}`}`;
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
