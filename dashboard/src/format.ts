export { bytes, duration } from '../../client/src/format.js';

export function percent(share: number | null | undefined, digits = 1): string {
  return share === null || share === undefined ? '–' : `${(100 * share).toFixed(digits)} %`;
}

export function figure(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined ? '–' : Number(value.toPrecision(digits)).toString();
}

export function clock(time: string | Date | null): string {
  return time === null ? '–' : new Date(time).toLocaleTimeString([], { hour12: false });
}

/** The time today, the date and time otherwise. */
export function moment(time: string | null, now = new Date()): string {
  if (time === null) return '–';
  const date = new Date(time);
  const isToday = date.toDateString() === now.toDateString();
  return isToday ? clock(date) : `${date.toLocaleDateString()} ${clock(date)}`;
}
