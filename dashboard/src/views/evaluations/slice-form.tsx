import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ChoiceField } from '../../parts/choice.js';
import { Field } from '../../parts/field.js';
import { Problem } from '../../parts/problem.js';
import { notAt, problemsAt } from '../../parts/problems-at.js';
import { datasetQuery } from '../../queries.js';
import { strata } from '../../server.js';
import { Classes, Metadata, Positions } from './slice-fields.js';
import { positionsOf, sliceOf, type WantedSlice } from './wanted-slices.js';

const KINDS = ['classes', 'positions', 'metadata'] as const;
type Kind = (typeof KINDS)[number];
/** Fields that show what is wrong with them. */
const FIELDS = ['name', 'classes', 'indices', 'metadata'].map((field) => `/slices/0/${field}`);

/** The address of the page holds the slices, and servers refuse long addresses. */
const MAX_LENGTH = 6_000;

interface SliceFormProps {
  /** Id of the evaluation. */
  readonly id: string;
  /** Id of its dataset, which may be deleted. */
  readonly dataset: string;
  /** Number of its images. */
  readonly images: number;
  /** Names of its classes. */
  readonly classes: readonly string[];
  /** The slices that the page has. */
  readonly others: readonly WantedSlice[];
  readonly add: (slice: WantedSlice) => void;
}

/** Asks for a slice. The server checks it before it is added. */
export function SliceForm({ id, dataset, images, classes, others, add }: SliceFormProps) {
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Kind>('classes');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [positions, setPositions] = useState('');
  const [metadata, setMetadata] = useState({ column: '', value: '' });
  const columns = useQuery(datasetQuery(dataset)).data?.metadata.map((each) => each.name) ?? [];
  const column = columns.includes(metadata.column) ? metadata.column : (columns[0] ?? '');
  const { mutate, error, isPending } = useMutation({
    mutationFn: (slice: WantedSlice) => strata.evaluations.slices(id, [sliceOf(slice)]),
    onSuccess: (_, slice) => {
      add(slice);
      setName('');
    },
  });
  const nameProblem = problemOf(name, others);
  const isUnreadable = positions !== '' && positionsOf(positions) === null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (nameProblem !== null || (kind === 'positions' && isUnreadable)) return;
    if (kind === 'classes') mutate({ name, classes: chosen });
    else if (kind === 'positions') mutate({ name, positions });
    else mutate({ name, column, value: metadata.value === '' ? null : metadata.value });
  };
  const nameProblems = nameProblem === null ? problemsAt(error, '/slices/0/name') : [nameProblem];
  return (
    <form onSubmit={submit}>
      <div className="fields">
        <Field id="slice-name" label="Name of the slice" problems={nameProblems}>
          <input
            id="slice-name"
            value={name}
            maxLength={200}
            required
            aria-invalid={nameProblems.length > 0}
            onChange={({ target }) => setName(target.value)}
          />
        </Field>
        <ChoiceField
          id="slice-kind"
          label="Images by"
          value={kind}
          values={KINDS.filter((each) => each !== 'metadata' || columns.length > 0)}
          choose={setKind}
        />
        {kind === 'classes' && <Classes {...{ classes, chosen, error }} choose={setChosen} />}
        {kind === 'positions' && (
          <Positions {...{ images, positions, isUnreadable, error }} choose={setPositions} />
        )}
        {kind === 'metadata' && (
          <Metadata {...{ columns, column, value: metadata.value, error }} choose={setMetadata} />
        )}
      </div>
      <Problem error={notAt(error, FIELDS)} />
      <button type="submit" disabled={isPending}>
        Add the slice
      </button>
    </form>
  );
}

function problemOf(name: string, others: readonly WantedSlice[]): string | null {
  if (others.some((each) => each.name === name)) return 'There is a slice of this name. Choose another.';
  const isFull = name !== '' && JSON.stringify(others).length > MAX_LENGTH;
  return isFull ? 'The page can hold no further slice. Remove one first.' : null;
}
