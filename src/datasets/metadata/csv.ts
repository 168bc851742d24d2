import { CsvError as ParseError, parse } from 'csv-parse/sync';

/** Text that is no CSV by RFC 4180. */
export class CsvError extends Error {
  constructor(
    /** From 1. */
    readonly line: number,
    message: string,
  ) {
    super(message);
    this.name = 'CsvError';
  }
}

export interface CsvRecord {
  /** The line on which it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** Faults of the text, by the code of csv-parse, in words that follow the number of a line. */
const FAULTS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote opens a field, here or below, and is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'text follows a closing quote; put the whole field in quotes',
  INVALID_OPENING_QUOTE:
    'a quote stands in a field without quotes; put the field in quotes, and double the quote',
};

/**
 * Reads comma-separated values by RFC 4180: a field in quotes may hold commas, line breaks and doubled quotes. Empty lines are
 * passed over. @throws CsvError
 */
export function readCsv(text: string): CsvRecord[] {
  const records: CsvRecord[] = [];
  let ended = 0;
  try {
    parse(text, {
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record(fields: string[], { lines }) {
        ended = lines;
        records.push({ line: lines - breaksIn(fields), fields });
        return null;
      },
    });
  } catch (error) {
    const fault = error instanceof ParseError ? FAULTS[error.code] : undefined;
    if (fault === undefined) throw error;
    const { code, lines } = error as ParseError;
    // A quote that is never closed is found at the end of the text.
    throw new CsvError(code === 'CSV_QUOTE_NOT_CLOSED' ? ended + 1 : Number(lines), fault);
  }
  return records;
}

/** Line breaks within the fields of a record. */
function breaksIn(fields: readonly string[]): number {
  return fields.reduce((breaks, field) => breaks + (field.match(/\r\n|\n|\r/g)?.length ?? 0), 0);
}
