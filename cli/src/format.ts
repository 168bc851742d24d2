export { bytes, duration } from '../../client/src/format.js';

export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? '-' : `${(100 * share).toFixed(digits)} %`;
}

export function figure(value: number | null | undefined, digits = 4): string {
  return value === null || value === undefined ? '-' : Number(value.toPrecision(digits)).toString();
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
