/** A file at its official address. */
export interface OfficialFile {
  readonly name: string;
  readonly url: string;
  /** In hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A built-in dataset that is imported like an upload when a job uses it for the first time. */
export interface FetchedDataset {
  readonly name: string;
  /** One archive, or the files that an archive would contain. */
  readonly files: readonly OfficialFile[];
  /** Class names, if the files do not contain them. */
  readonly classes: readonly string[] | null;
  /** A Debian package with the files, and their folder. */
  readonly debian: { readonly name: string; readonly folder: string } | null;
}

const FASHION = 'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion';
const CIFAR = 'https://www.cs.toronto.edu/~kriz';

const file = (folder: string, name: string, sizeBytes: number, sha256: string): OfficialFile => ({
  name,
  url: `${folder}/${name}`,
  sha256,
  sizeBytes,
});

/** Checksums and sizes, which agree with those in other loaders of the same files. */
export const FETCHED_DATASETS: readonly FetchedDataset[] = [
  {
    name: 'fashion-mnist',
    files: [
      file(
        FASHION,
        'train-images-idx3-ubyte.gz',
        26_421_880,
        '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
      ),
      file(
        FASHION,
        'train-labels-idx1-ubyte.gz',
        29_515,
        'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
      ),
      file(
        FASHION,
        't10k-images-idx3-ubyte.gz',
        4_422_102,
        '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
      ),
      file(
        FASHION,
        't10k-labels-idx1-ubyte.gz',
        5_148,
        '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
      ),
    ],
    classes: [
      ...['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat'],
      ...['Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
    ],
    debian: { name: 'dataset-fashion-mnist', folder: '/usr/share/datasets/fashion-mnist' },
  },
  {
    name: 'cifar-10',
    files: [
      file(
        CIFAR,
        'cifar-10-binary.tar.gz',
        170_052_171,
        'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
      ),
    ],
    classes: null,
    debian: null,
  },
  {
    name: 'cifar-100',
    files: [
      file(
        CIFAR,
        'cifar-100-binary.tar.gz',
        168_513_733,
        '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
      ),
    ],
    classes: null,
    debian: null,
  },
];

export function fetchedDataset(name: string): FetchedDataset {
  const dataset = FETCHED_DATASETS.find((known) => known.name === name);
  if (dataset === undefined) throw new Error(`there is no built-in dataset named ${name}`);
  return dataset;
}
