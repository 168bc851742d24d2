/** `1 h 5 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-';
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? '-' : `${(100 * share).toFixed(digits)} %`;
}

export function figure(value: number | null | undefined, digits = 4): string {
  return value === null || value === undefined ? '-' : Number(value.toPrecision(digits)).toString();
}

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const value = count / 1000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`;
}

/** The time of day, here. */
export function clock(time: string | number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

/** Date and time, here. */
export function moment(time: string | null): string {
  if (time === null) return '-';
  const date = new Date(time);
  const two = (part: number) => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(time)}`;
}

const CONTROL = /(?![\t\n])\p{Cc}/gu;

/** Text of somebody else, without what a terminal would obey. */
export function plain(text: string): string {
  return text.replace(CONTROL, '?');
}
