type Event = [seconds: number, stream: string, text: string];

/**
 * A recording in asciicast's second version, so many times as fast, in at most one picture each `frameSeconds`: a header,
 * then lines like `[seconds, "o", text]`. Text that came in between is shown with the next picture.
 */
export function castAt(speed: number, frameSeconds: number, cast: string): string {
  const [header = '', ...lines] = cast.trimEnd().split('\n');
  const frames: Event[] = [];
  for (const line of lines) {
    const [seconds, stream, text] = JSON.parse(line) as Event;
    const last = frames.at(-1);
    const at = seconds / speed;
    if (last && frameOf(last[0], frameSeconds) === frameOf(at, frameSeconds)) {
      last[0] = at;
      last[2] += text;
    } else frames.push([at, stream, text]);
  }
  return `${[header, ...frames.map((frame) => JSON.stringify(frame))].join('\n')}\n`;
}

function frameOf(seconds: number, frameSeconds: number): number {
  return Math.floor(seconds / frameSeconds);
}

/** Lets readers who want no motion see the last picture of the animation. */
export function withStillPicture(svg: string): string {
  const [, last] = /\n100\.000%\{(transform:[^}]+)\}/.exec(svg) ?? [];
  if (last === undefined) throw new Error('the animation has no last picture');
  const rule = `@media (prefers-reduced-motion: reduce) { #screen_view { animation: none; ${last}; } }`;
  return svg.replace(']]></style>', `${rule}\n]]></style>`);
}

/** Names the picture for those who cannot see it. */
export function withTitle(title: string, svg: string): string {
  return svg.replace(/<svg [^>]+>/, (tag) => `${tag}<title>${title}</title>`);
}

/** Shorter names for what each line of each picture repeats. */
export function compact(svg: string): string {
  return svg.replaceAll(' xlink:href="', ' href="');
}
