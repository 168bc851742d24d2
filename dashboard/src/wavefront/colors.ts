const HUES = 8;

/** CSS variable of a stage's color: eight hues, the same everywhere. Null: the whole network. */
export function colorName(stage: number | null): string {
  return stage === null ? '--whole' : `--hue-${stage % HUES}`;
}

let probe: HTMLElement | null = null;

/** The value of a color in the theme that is shown now, for canvases, which know neither variables nor `light-dark()`. */
export function colorOf(name: string): string {
  if (probe === null) {
    probe = document.createElement('span');
    probe.hidden = true;
    document.body.append(probe);
  }
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}
