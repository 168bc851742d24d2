import { ChoiceField } from '../../parts/choice.js';
import { Field } from '../../parts/field.js';
import { problemsAt } from '../../parts/problems-at.js';

const SHOWN_ROWS = 5;
/** The address of the page holds the positions. */
const MAX_LENGTH = 2_000;
/** Longest value of a column of metadata. */
const MAX_VALUE_LENGTH = 100;

interface ClassesProps {
  readonly classes: readonly string[];
  readonly chosen: readonly string[];
  readonly error: unknown;
  readonly choose: (chosen: readonly string[]) => void;
}

export function Classes({ classes, chosen, error, choose }: ClassesProps) {
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

export function Positions({ images, positions, isUnreadable, error, choose }: PositionsProps) {
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
        maxLength={MAX_LENGTH}
        placeholder="0-99, 205"
        aria-invalid={problems.length > 0}
        onChange={({ target }) => choose(target.value)}
      />
    </Field>
  );
}

interface MetadataProps {
  /** Names of the columns of the dataset. */
  readonly columns: readonly string[];
  readonly column: string;
  readonly value: string;
  readonly error: unknown;
  readonly choose: (chosen: { readonly column: string; readonly value: string }) => void;
}

export function Metadata({ columns, column, value, error, choose }: MetadataProps) {
  const problems = problemsAt(error, '/slices/0/metadata/value');
  return (
    <>
      <ChoiceField
        id="slice-column"
        label="Column"
        value={column}
        values={columns}
        choose={(chosen) => choose({ column: chosen, value })}
        problems={problemsAt(error, '/slices/0/metadata/column')}
      />
      <Field
        id="slice-value"
        label="Value"
        problems={problems}
        note="All images with this value. Empty: those without one."
      >
        <input
          id="slice-value"
          value={value}
          maxLength={MAX_VALUE_LENGTH}
          aria-invalid={problems.length > 0}
          onChange={({ target }) => choose({ column, value: target.value })}
        />
      </Field>
    </>
  );
}
