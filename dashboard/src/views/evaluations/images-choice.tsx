import { useQuery } from '@tanstack/react-query';
import { ChoiceField } from '../../parts/choice.js';
import { problemsAt } from '../../parts/problems-at.js';
import { datasetsQuery } from '../../queries.js';
import type { Schemas } from '../../server.js';

const SPLITS = ['test', 'validation', 'train'] as const;

/** Images that a model is asked about. */
export interface ChosenImages {
  readonly dataset: string;
  readonly split: Schemas['EvaluationSplit'];
}

interface ImagesChoiceProps {
  /** Beginning of the ids of both fields. */
  readonly prefix: string;
  /** Name of the dataset of the network, which comes first. */
  readonly own: string;
  readonly images: ChosenImages;
  readonly choose: (images: ChosenImages) => void;
  /** The answer to the last request. */
  readonly error: unknown;
  /** Pointer to the object in the request that has both fields. */
  readonly at: string;
}

/** The choice of a dataset and of its split. */
export function ImagesChoice({ prefix, own, images, choose, error, at }: ImagesChoiceProps) {
  const { data: datasets = [] } = useQuery(datasetsQuery());
  const names = [...new Set([own, ...datasets.map(({ name }) => name)])];
  return (
    <>
      <ChoiceField
        id={`${prefix}-dataset`}
        label="Dataset"
        value={images.dataset}
        values={names}
        choose={(dataset) => choose({ ...images, dataset })}
        problems={problemsAt(error, `${at}/dataset`)}
      />
      <ChoiceField
        id={`${prefix}-split`}
        label="Images"
        value={images.split}
        values={SPLITS}
        choose={(split) => choose({ ...images, split })}
        problems={problemsAt(error, `${at}/split`)}
      />
    </>
  );
}
