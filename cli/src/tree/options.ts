import { InvalidArgumentError, Option } from 'commander';

export const JOB = 'a job: its id, an unambiguous part of it, or @last';

export function integer(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < min)
      throw new InvalidArgumentError(`It must be a whole number from ${min}.`);
    return value;
  };
}

export function share(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('It must be between 0 and 1.');
  return value;
}

/** An option that may be given several times. */
export function many(flags: string, description: string): Option {
  return new Option(flags, description)
    .default([] as string[], 'none')
    .argParser((text: string, before: string[]) => [...before, text]);
}

/** The same, for some words only. */
export function oneOf(flags: string, description: string, words: readonly string[]): Option {
  return new Option(flags, description)
    .choices(words)
    .default([] as string[], 'all')
    .argParser((text: string, before: string[]) => {
      if (!words.includes(text)) throw new InvalidArgumentError(`Allowed choices are ${words.join(', ')}.`);
      return [...before, text];
    });
}

/** `--metadata team=vision`, several times. */
export function pairs(flags: string, description: string): Option {
  return new Option(flags, description)
    .default({} as Record<string, string>, 'none')
    .argParser((text: string, before: Record<string, string>) => {
      const at = text.indexOf('=');
      if (at < 1) throw new InvalidArgumentError('Write it as key=value.');
      return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
    });
}
