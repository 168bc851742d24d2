import type { ReactNode } from 'react';
import type { BatchPredictionRequest } from '../../../../client/src/index.js';
import { ChoiceField } from '../../parts/choice.js';
import { Field } from '../../parts/field.js';
import { problemsAt } from '../../parts/problems-at.js';
import type { Schemas } from '../../server.js';

const FORMATS = ['jsonl', 'csv'] as const satisfies readonly Schemas['BatchPredictionFormat'][];

/** Values of the fields of the form. Numbers are texts, as they are typed. */
export interface BatchOptions {
  readonly variant: Schemas['ModelVariantName'];
  readonly format: Schemas['BatchPredictionFormat'];
  readonly topK: string;
  /** In percent. */
  readonly maxFailed: string;
  /** Empty for no cascade. */
  readonly threshold: string;
}

export const DEFAULTS: BatchOptions = {
  ...{ variant: 'full', format: 'jsonl', topK: '5', maxFailed: '1', threshold: '' },
};

export function requestOf({ variant, format, topK, maxFailed, threshold }: BatchOptions) {
  const isCascade = variant === 'full' && threshold !== '';
  return {
    variant,
    output: { format },
    top_k: Number(topK),
    max_failed_share: Number(maxFailed) / 100,
    cascade: isCascade ? { threshold: Number(threshold) } : null,
  } satisfies Partial<BatchPredictionRequest>;
}

/** Fields of the form, which show what is wrong with them. */
export const FIELDS = ['/variant', '/output/format', '/top_k', '/max_failed_share', '/cascade'];

interface Props {
  readonly model: Schemas['Model'];
  readonly options: BatchOptions;
  readonly choose: (options: BatchOptions) => void;
  /** The answer to the last request. */
  readonly error: unknown;
}

/** The fields of everything but the images. */
export function BatchOptionFields({ model, options, choose, error }: Props) {
  const variants = model.variants.map(({ variant }) => variant);
  return (
    <>
      <ChoiceField
        id="batch-variant"
        label="Network"
        value={options.variant}
        values={variants}
        choose={(variant) => choose({ ...options, variant })}
        problems={problemsAt(error, '/variant')}
      />
      {options.variant === 'full' && variants.includes('compact') && (
        <NumberField
          id="batch-cascade"
          label="Cascade threshold"
          note="From this probability on, the compact network answers. Empty: the full network answers all."
          value={options.threshold}
          choose={(threshold) => choose({ ...options, threshold })}
          max={1}
          placeholder="no cascade"
          problems={problemsAt(error, '/cascade')}
        />
      )}
      <ChoiceField
        id="batch-format"
        label="Format"
        value={options.format}
        values={FORMATS}
        choose={(format) => choose({ ...options, format })}
        problems={problemsAt(error, '/output/format')}
      />
      <NumberField
        id="batch-top-k"
        label="Classes for each image"
        value={options.topK}
        choose={(topK) => choose({ ...options, topK })}
        min={1}
        max={65_536}
        step={1}
        required
        problems={problemsAt(error, '/top_k')}
      />
      <NumberField
        id="batch-max-failed"
        label="Allowed unreadable, %"
        note="With more, the batch prediction fails."
        value={options.maxFailed}
        choose={(maxFailed) => choose({ ...options, maxFailed })}
        max={100}
        required
        problems={problemsAt(error, '/max_failed_share')}
      />
    </>
  );
}

interface NumberFieldProps {
  readonly id: string;
  readonly label: string;
  readonly note?: ReactNode;
  readonly value: string;
  readonly choose: (value: string) => void;
  readonly min?: number;
  readonly max: number;
  readonly step?: number;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly problems: readonly string[];
}

function NumberField(props: NumberFieldProps) {
  const { id, label, note, value, choose, min = 0, max, step, placeholder, required, problems } = props;
  return (
    <Field {...{ id, label, note, problems }}>
      <input
        {...{ id, value, min, max, placeholder, required }}
        type="number"
        step={step ?? 'any'}
        aria-invalid={problems.length > 0}
        onChange={({ target }) => choose(target.value)}
      />
    </Field>
  );
}
