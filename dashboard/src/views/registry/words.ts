import { percent } from '../../format.js';
import type { Schemas } from '../../server.js';

/** A requirement of a rule as people say it. */
export function wordsOf({
  dataset,
  split,
  variant,
  metric,
  at_least: least,
  not_worse_than: peer,
  tolerance,
}: Schemas['AliasRequirement']): string {
  const bounds = [
    ...(least === null ? [] : [`at least ${percent(least)}`]),
    ...(peer === null ? [] : [`not below ${peer}'s${tolerance > 0 ? ` less ${percent(tolerance)}` : ''}`]),
  ];
  const figure = `${metric.replaceAll('_', ' ')} of the ${variant} network on ${split} of ${dataset}`;
  return `${figure}: ${bounds.length === 0 ? 'any value' : bounds.join(' and ')}`;
}
