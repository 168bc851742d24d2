import { useId } from 'react';
import type { Field } from './schema.js';
import { pointerOf, type SpecValue, valueAt, withValue } from './value.js';

interface Props {
  readonly field: Field;
  readonly spec: SpecValue;
  /** The spec with every default, by the last dry run. */
  readonly resolved: unknown;
  /** Problems of this field, by the last dry run. */
  readonly problems: readonly string[];
  readonly onChange: (spec: SpecValue) => void;
}

/** One setting: empty shows and sends the default. */
export function FieldRow({ field, spec, resolved, problems, onChange }: Props) {
  const id = useId();
  const { path, kind, choices, description } = field;
  const value = valueAt(spec, path);
  const fallback = valueAt(resolved, path);
  const shown = fallback === undefined || fallback === null ? '' : String(fallback);
  const set = (text: string) => onChange(withValue(spec, path, parse(field, text)));
  const about = {
    id,
    value: value === undefined ? '' : String(value),
    'aria-describedby': `${id}-note`,
    'aria-invalid': problems.length > 0,
  };
  return (
    <div className="field" data-pointer={pointerOf(path)}>
      <label htmlFor={id}>{path.at(-1)?.replaceAll('_', ' ')}</label>
      {kind === 'choice' || kind === 'boolean' ? (
        <select {...about} onChange={({ target }) => set(target.value)}>
          <option value="">{shown === '' ? 'default' : `default: ${shown}`}</option>
          {(kind === 'boolean' ? ['true', 'false'] : choices).map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          {...about}
          inputMode={kind === 'text' ? 'text' : 'decimal'}
          placeholder={shown}
          onChange={({ target }) => set(target.value)}
        />
      )}
      {problems.map((problem) => (
        <p key={problem} role="alert" className="problem">
          {problem}
        </p>
      ))}
      <p id={`${id}-note`} className="note">
        {description}
      </p>
    </div>
  );
}

/** A value that is no number stays text, so that the server can say what is expected. */
function parse({ kind }: Field, text: string): unknown {
  if (text === '') return undefined;
  if (kind === 'boolean') return text === 'true';
  if (kind === 'text' || kind === 'choice') return text;
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}
