import { Field } from './field.js';

interface ChoiceProps<Value extends string> {
  readonly id: string;
  readonly label: string;
  readonly value: Value;
  readonly values: readonly Value[];
  readonly choose: (value: Value) => void;
  /** Words for values; one without words is shown as it is. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** A list of values, of which one is chosen, after its label. */
export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  return (
    <label htmlFor={props.id}>
      {props.label} <Values {...props} />
    </label>
  );
}

interface ChoiceFieldProps<Value extends string> extends ChoiceProps<Value> {
  /** Errors of the value. */
  readonly problems?: readonly string[];
}

/** The same as a field of a form. */
export function ChoiceField<Value extends string>(props: ChoiceFieldProps<Value>) {
  const { id, label, problems = [] } = props;
  return (
    <Field id={id} label={label} problems={problems}>
      <Values {...props} />
    </Field>
  );
}

function Values<Value extends string>(props: ChoiceFieldProps<Value>) {
  const { id, value, values, choose, labels = {}, problems = [] } = props;
  return (
    <select
      id={id}
      value={value}
      aria-invalid={problems.length > 0}
      onChange={({ target }) => {
        const chosen = values.find((each) => each === target.value);
        if (chosen !== undefined) choose(chosen);
      }}
    >
      {values.map((each) => (
        <option key={each} value={each}>
          {labels[each] ?? each}
        </option>
      ))}
    </select>
  );
}
