interface ChoiceProps<Value extends string> {
  readonly id: string;
  readonly label: string;
  readonly value: Value;
  readonly values: readonly Value[];
  readonly choose: (value: Value) => void;
}

/** A labelled list of values, of which one is chosen. */
export function Choice<Value extends string>({ id, label, value, values, choose }: ChoiceProps<Value>) {
  return (
    <label htmlFor={id}>
      {label}{' '}
      <select
        id={id}
        value={value}
        onChange={({ target }) => {
          const chosen = values.find((each) => each === target.value);
          if (chosen !== undefined) choose(chosen);
        }}
      >
        {values.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}
