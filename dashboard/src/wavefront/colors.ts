const HUES = 8;

/** CSS variable of a stage's color: eight hues, the same everywhere. Null: the whole network. */
export function colorName(stage: number | null): string {
  return stage === null ? '--whole' : `--hue-${stage % HUES}`;
}

/** The value of a color in the theme that is shown now, for canvases. */
export function colorOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
