import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ChoiceField } from '../../parts/choice.js';
import { Field } from '../../parts/field.js';
import { Problem } from '../../parts/problem.js';
import { notAt, problemsAt } from '../../parts/problems-at.js';
import { strata } from '../../server.js';
import { positionsOf, sliceOf, type WantedSlice } from './wanted-slices.js';

const KINDS = ['classes', 'positions'] as const;
type Kind = (typeof KINDS)[number];

/** The address of the page holds the slices, and servers refuse long addresses. */
const MAX_LENGTH = { positions: 2_000, all: 6_000 } as const;
const SHOWN_ROWS = 5;

interface SliceFormProps {
  /** Id of the evaluation. */
  readonly id: string;
  /** Number of its images. */
  readonly images: number;
  /** Names of its classes. */
  readonly classes: readonly string[];
  /** The slices that the page has. */
  readonly others: readonly WantedSlice[];
  readonly add: (slice: WantedSlice) => void;
}

/** Asks for a slice. The server checks it before it is added. */
export function SliceForm({ id, images, classes, others, add }: SliceFormProps) {
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Kind>('classes');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [positions, setPositions] = useState('');
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
    mutate(kind === 'classes' ? { name, classes: chosen } : { name, positions });
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
        <ChoiceField id="slice-kind" label="Images by" value={kind} values={KINDS} choose={setKind} />
        {kind === 'classes' ? (
          <Classes {...{ classes, chosen, error }} choose={setChosen} />
        ) : (
          <Positions {...{ images, positions, isUnreadable, error }} choose={setPositions} />
        )}
      </div>
      <Problem error={notAt(error, ['/slices/0/name', '/slices/0/classes', '/slices/0/indices'])} />
      <button type="submit" disabled={isPending}>
        Add the slice
      </button>
    </form>
  );
}

function problemOf(name: string, others: readonly WantedSlice[]): string | null {
  if (others.some((each) => each.name === name)) return 'There is a slice of this name. Choose another.';
  const isFull = name !== '' && JSON.stringify(others).length > MAX_LENGTH.all;
  return isFull ? 'The page can hold no further slice. Remove one first.' : null;
}

interface ClassesProps {
  readonly classes: readonly string[];
  readonly chosen: readonly string[];
  readonly error: unknown;
  readonly choose: (chosen: readonly string[]) => void;
}

function Classes({ classes, chosen, error, choose }: ClassesProps) {
  const problems = problemsAt(error, '/slices/0/classes');
  return (
    <Field
      id="slice-classes"
      label="Classes"
      problems={problems}
      note="All images that have one of them. Several: hold Ctrl or Cmd."
    >
      <select
        id="slice-classes"
        multiple
        required
        size={Math.min(SHOWN_ROWS, classes.length)}
        value={[...chosen]}
        aria-invalid={problems.length > 0}
        onChange={({ target }) => choose([...target.selectedOptions].map(({ value }) => value))}
      >
        {classes.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </Field>
  );
}

interface PositionsProps {
  readonly images: number;
  readonly positions: string;
  readonly isUnreadable: boolean;
  readonly error: unknown;
  readonly choose: (positions: string) => void;
}

function Positions({ images, positions, isUnreadable, error, choose }: PositionsProps) {
  const problems = isUnreadable
    ? ['Expected positions like 0-99, 205: at most 40,000 of them.']
    : problemsAt(error, '/slices/0/indices');
  return (
    <Field
      id="slice-positions"
      label="Positions"
      problems={problems}
      isWide
      note={`In the split, from 0 to ${images - 1}. For many, use strata evaluations slices, which reads a file.`}
    >
      <input
        id="slice-positions"
        value={positions}
        required
        maxLength={MAX_LENGTH.positions}
        placeholder="0-99, 205"
        aria-invalid={problems.length > 0}
        onChange={({ target }) => choose(target.value)}
      />
    </Field>
  );
}
