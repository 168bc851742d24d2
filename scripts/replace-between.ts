/**
 * Text with other content between two markers.
 * @param name what the text is of, for the error
 * @throws Error when a marker is missing
 */
export function replaceBetween(
  text: string,
  start: string,
  end: string,
  content: string,
  name: string,
): string {
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(end, from);
  if (from < start.length || to < 0) throw new Error(`no '${start.trim()}' followed by '${end}' in ${name}`);
  return text.slice(0, from) + content + text.slice(to);
}
