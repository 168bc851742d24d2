import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { ChoiceField } from '../../parts/choice.js';
import { Field, Problems } from '../../parts/field.js';
import { Problem } from '../../parts/problem.js';
import { notAt, problemsAt } from '../../parts/problems-at.js';
import { datasetsQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { type ChosenImages, ImagesChoice } from './images-choice.js';

const VIEWS = ['none', 'flip', 'five-crop'] as const satisfies readonly Schemas['TestTimeAugmentation'][];
/** Rows of the list of columns. */
const SHOWN_ROWS = 4;
/** Fields of the form, which show what is wrong with them. */
const FIELDS = ['/dataset', '/split', '/variant', '/tta', '/cascade', '/slices'];

/** Columns of the metadata of a dataset, as an evaluation names them. */
function useColumns(dataset: string): readonly string[] {
  const { data = [] } = useQuery(datasetsQuery());
  const chosen = data.find(({ name }) => name === dataset);
  return chosen?.metadata.map(({ name }) => `metadata.${name}`) ?? [];
}

interface EvaluationFormProps {
  readonly subject: { readonly model: string } | { readonly checkpoint: string };
  /** Name of the dataset that the network was trained on. */
  readonly dataset: string;
  /** Networks that can be evaluated. */
  readonly variants: readonly Schemas['ModelVariantName'][];
  /** A field before the others. */
  readonly children?: ReactNode;
}

/** Starts an evaluation, and shows its page. */
export function EvaluationForm({ subject, dataset, variants, children }: EvaluationFormProps) {
  const [, go] = useLocation();
  const [images, setImages] = useState<ChosenImages>({ dataset, split: 'test' });
  const [withCascade, setWithCascade] = useState(false);
  const [chosen, setVariant] = useState<Schemas['ModelVariantName']>('full');
  const [tta, setTta] = useState<Schemas['TestTimeAugmentation']>('none');
  const [slices, setSlices] = useState<readonly string[]>([]);
  const columns = useColumns(images.dataset);
  const variant = variants.includes(chosen) ? chosen : 'full';
  const hasBoth = variant === 'full' && variants.includes('compact');
  const { mutate, error, isPending } = useMutation({
    mutationFn: () =>
      strata.evaluations.create({
        ...{ ...subject, ...images, variant, tta, cascade: withCascade && hasBoth },
        slices: slices.filter((slice) => columns.includes(slice)),
      }),
    onSuccess: ({ id }) => go(`/evaluations/${id}`),
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        mutate();
      }}
    >
      <div className="fields">
        {children}
        <ImagesChoice {...{ prefix: 'evaluated', own: dataset, images, error }} at="" choose={setImages} />
        <ChoiceField
          id="evaluated-variant"
          label="Network"
          value={variant}
          values={variants}
          choose={setVariant}
          problems={problemsAt(error, '/variant')}
        />
        <ChoiceField
          id="evaluated-tta"
          label="Views of each image"
          value={tta}
          values={VIEWS}
          choose={setTta}
          problems={problemsAt(error, '/tta')}
        />
        {columns.length > 0 && (
          <Columns
            columns={columns}
            chosen={slices}
            choose={setSlices}
            problems={problemsAt(error, '/slices')}
          />
        )}
      </div>
      {hasBoth && (
        <div className="check">
          <label htmlFor="evaluated-cascade">
            <input
              id="evaluated-cascade"
              type="checkbox"
              checked={withCascade}
              onChange={({ target }) => setWithCascade(target.checked)}
            />{' '}
            Cascade with the compact network
          </label>
          <Problems of={problemsAt(error, '/cascade')} />
        </div>
      )}
      <Problem error={notAt(error, FIELDS)} />
      <button type="submit" disabled={isPending}>
        Evaluate
      </button>
    </form>
  );
}

interface ColumnsProps {
  readonly columns: readonly string[];
  readonly chosen: readonly string[];
  readonly choose: (chosen: readonly string[]) => void;
  readonly problems: readonly string[];
}

/** Columns of metadata, the values of which get figures of their own. */
function Columns({ columns, chosen, choose, problems }: ColumnsProps) {
  return (
    <Field
      id="evaluated-slices"
      label="Slices by"
      problems={problems}
      note="Figures for each value, too. Several: hold Ctrl or Cmd."
    >
      <select
        id="evaluated-slices"
        multiple
        size={Math.min(SHOWN_ROWS, columns.length)}
        value={[...chosen]}
        aria-invalid={problems.length > 0}
        onChange={({ target }) => choose([...target.selectedOptions].map(({ value }) => value))}
      >
        {columns.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </Field>
  );
}
