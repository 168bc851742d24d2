import type { JobsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';

type State = Schemas['JobState'];

const UNFINISHED: readonly State[] = ['queued', 'preparing', 'running', 'paused', 'finalizing'];

/** Choices of the state, by their text in the address of the page. */
export const STATE_CHOICES: Readonly<Record<string, readonly State[]>> = {
  unfinished: UNFINISHED,
  ...Object.fromEntries(
    [...UNFINISHED, 'succeeded', 'failed', 'cancelled'].map((state) => [state, [state as State]]),
  ),
};

const MS_PER_DAY = 86_400_000;
/** Choices of the age, by their text in the address. */
export const AGES: Readonly<Record<string, { readonly label: string; readonly days: number }>> = {
  day: { label: 'a day', days: 1 },
  week: { label: 'a week', days: 7 },
  month: { label: '30 days', days: 30 },
};

/** Names of the filters in the address. */
export type FilterName = 'q' | 'state' | 'dataset' | 'age' | 'order' | 'archived' | 'after';

/** The question to the server that the address of the page stands for. @param nowMs of the age */
export function queryOf(address: URLSearchParams, nowMs: number): JobsQuery {
  const text = (name: FilterName): string => address.get(name) ?? '';
  const state = STATE_CHOICES[text('state')];
  const age = AGES[text('age')];
  return {
    ...(text('q').trim() !== '' && { q: text('q').trim() }),
    ...(state && { state: [...state] }),
    ...(text('dataset') !== '' && { dataset: text('dataset') }),
    ...(age && { created_after: startOf(nowMs - age.days * MS_PER_DAY) }),
    ...(text('order') === 'accuracy' && { order_by: 'accuracy' as const }),
    ...(text('archived') === 'true' && { archived: true }),
    ...(text('after') !== '' && { after: text('after') }),
  };
}

const MS_PER_MINUTE = 60_000;
/** A whole minute, so that the same question is asked for a while. */
const startOf = (ms: number): string => new Date(ms - (ms % MS_PER_MINUTE)).toISOString();

/** The address with another value of a filter, which begins at the first page. An empty value is left out. */
export function withFilter(address: URLSearchParams, name: FilterName, value: string): URLSearchParams {
  const changed = new URLSearchParams(address);
  changed.delete('after');
  if (value === '') changed.delete(name);
  else changed.set(name, value);
  return changed;
}
