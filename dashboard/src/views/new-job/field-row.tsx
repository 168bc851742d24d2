import { useId, useState } from 'react';
import { Problems } from '../../parts/field.js';
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
  const { path, kind, choices, labels, description } = field;
  // The text as it is typed: `0.` is the number 0, and would lose its point.
  const [typed, setTyped] = useState<string | null>(null);
  const fallback = textOf(valueAt(resolved, path));
  const set = (text: string) => onChange(withValue(spec, path, parse(field, text)));
  const about = {
    id,
    value: typed ?? textOf(valueAt(spec, path)),
    'aria-describedby': `${id}-note`,
    'aria-invalid': problems.length > 0,
  };
  return (
    <div className="field" data-pointer={pointerOf(path)}>
      <label htmlFor={id}>{path.at(-1)?.replaceAll('_', ' ')}</label>
      {kind === 'choice' || kind === 'boolean' ? (
        <select {...about} onChange={({ target }) => set(target.value)}>
          <option value="">{fallback === '' ? 'default' : `default: ${fallback}`}</option>
          {(kind === 'boolean' ? ['true', 'false'] : choices).map((choice) => (
            <option key={choice} value={choice}>
              {labels?.[choice] ?? choice}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...about}
          inputMode={kind === 'integer' || kind === 'number' ? 'decimal' : 'text'}
          list={choices.length > 0 ? `${id}-choices` : undefined}
          placeholder={fallback}
          onChange={({ target }) => {
            setTyped(target.value);
            set(target.value);
          }}
          onBlur={() => setTyped(null)}
        />
      )}
      {kind !== 'choice' && choices.length > 0 && (
        <datalist id={`${id}-choices`}>
          {choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </datalist>
      )}
      <Problems of={problems} />
      <p id={`${id}-note`} className="note">
        {description}
      </p>
    </div>
  );
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** A value that is no number stays text, so that the server can say what is expected. */
function parse({ kind }: Field, text: string): unknown {
  if (text === '') return undefined;
  if (kind === 'boolean') return text === 'true';
  if (kind === 'text' || kind === 'choice') return text;
  if (kind === 'list') return listOf(text);
  if (kind === 'free') return text.includes(',') && !/[[{]/.test(text) ? listOf(text) : jsonOrText(text);
  return numberOrText(text);
}

function listOf(text: string): unknown[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').map(numberOrText);
}

function numberOrText(text: string): number | string {
  const value = Number(text);
  return Number.isNaN(value) ? text : value;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
