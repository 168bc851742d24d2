import type { ClassOrder } from '../../contract/importer-protocol.js';
import { ImportError, readable } from '../problems.js';

/** Numbers class names in the order of their first use. */
export class ClassNames {
  readonly #labels = new Map<string, number>();
  readonly #spelled = new Map<string, string>();
  /** Both spellings of class names that came in two Unicode forms of the same text. */
  readonly spellings = new Map<string, string>();

  constructor(private readonly max: number) {}

  get names(): string[] {
    return [...this.#labels.keys()];
  }

  /** @throws ImportError dataset_too_large above the maximum number of classes */
  labelOf(spelling: string): number {
    const name = spelling.normalize('NFC');
    const first = this.#spelled.get(name) ?? spelling;
    this.#spelled.set(name, first);
    if (first !== spelling) this.spellings.set(name, spelling);
    const known = this.#labels.get(name);
    if (known !== undefined) return known;
    if (this.#labels.size >= this.max)
      throw new ImportError('dataset_too_large', `there are more than ${this.max} classes`, name);
    this.#labels.set(name, this.#labels.size);
    return this.#labels.size - 1;
  }
}

const byNumber = (a: string, b: string) => Number(a) - Number(b);
const byText = (a: string, b: string) => (a < b ? -1 : 1);

/**
 * Sorts the classes, independent of the order in the archive. `auto`: by value if all names are numbers, otherwise by
 * characters, as `text` does always. @returns the names, and for each label its index in them
 */
export function inOrder(
  names: readonly string[],
  order: ClassOrder,
): { classes: string[]; places: Uint16Array } {
  const isNumbered = order === 'auto' && names.every((name) => /^\d{1,9}$/.test(name));
  const classes = names.toSorted(isNumbered ? byNumber : byText);
  const place = new Map(classes.map((name, index) => [name, index]));
  return { classes: classes.map(readable), places: Uint16Array.from(names, (name) => place.get(name)!) };
}
