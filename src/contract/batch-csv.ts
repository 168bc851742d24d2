/** The names of the fields of a line, with which a result in CSV begins. */
export function csvHead(topK: number, classes: number): string {
  const ranked = Array.from({ length: Math.min(topK, classes) }, (_, rank) => [
    `class_${rank + 1}`,
    `probability_${rank + 1}`,
  ]);
  return `${['key', 'sha256', 'answered_by', 'error', ...ranked.flat()].join(',')}\r\n`;
}
