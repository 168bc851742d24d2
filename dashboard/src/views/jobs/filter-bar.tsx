import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { datasetsQuery } from '../../queries.js';
import { AGES, type FilterName, STATE_CHOICES } from './filters.js';

/** Time without a key stroke after which a search begins. */
const QUIET_MS = 300;

interface Props {
  readonly address: URLSearchParams;
  readonly change: (name: FilterName, value: string) => void;
}

export function FilterBar({ address, change }: Props) {
  const { data: datasets = [] } = useQuery(datasetsQuery());
  const value = (name: FilterName): string => address.get(name) ?? '';
  return (
    <search className="filters">
      <SearchBox initial={value('q')} change={(words) => change('q', words)} />
      <Choice name="state" label="State" value={value('state')} change={change} all="all">
        {Object.keys(STATE_CHOICES).map((each) => (
          <option key={each}>{each}</option>
        ))}
      </Choice>
      <Choice name="dataset" label="Dataset" value={value('dataset')} change={change} all="all">
        {datasets.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </Choice>
      <Choice name="age" label="Within" value={value('age')} change={change} all="any time">
        {Object.entries(AGES).map(([each, { label }]) => (
          <option key={each} value={each}>
            {label}
          </option>
        ))}
      </Choice>
      <Choice name="order" label="Order" value={value('order')} change={change} all="newest first">
        <option value="accuracy">most accurate first</option>
      </Choice>
      <label>
        <input
          type="checkbox"
          checked={value('archived') === 'true'}
          onChange={({ target }) => change('archived', target.checked ? 'true' : '')}
        />{' '}
        archived
      </label>
    </search>
  );
}

interface ChoiceProps {
  readonly name: FilterName;
  readonly label: string;
  readonly value: string;
  /** The words for no filter. */
  readonly all: string;
  readonly change: Props['change'];
  readonly children: React.ReactNode;
}

function Choice({ name, label, value, all, change, children }: ChoiceProps) {
  const id = `filter-${name}`;
  return (
    <label htmlFor={id}>
      {label}{' '}
      <select id={id} value={value} onChange={({ target }) => change(name, target.value)}>
        <option value="">{all}</option>
        {children}
      </select>
    </label>
  );
}

function SearchBox({
  initial,
  change,
}: {
  readonly initial: string;
  readonly change: (words: string) => void;
}) {
  const [words, setWords] = useState(initial);
  // The address may change by a link or by going back.
  useEffect(() => setWords(initial), [initial]);
  useEffect(() => {
    if (words === initial) return;
    const timer = setTimeout(() => change(words), QUIET_MS);
    return () => clearTimeout(timer);
  }, [words, initial, change]);
  return (
    <input
      type="search"
      aria-label="Search names and notes"
      placeholder="Search names and notes"
      maxLength={200}
      value={words}
      onChange={({ target }) => setWords(target.value)}
    />
  );
}
