export interface Verdict {
  readonly kind: 'clean' | 'vulnerable' | 'unknown';
  readonly lines: readonly string[];
}

interface Report {
  readonly message?: string;
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
}

/** Reads the report of `npm audit --json`. A report that lists nothing because nobody answered is not a clean one. */
export function verdictOf(text: string): Verdict {
  const report = parse(text);
  if (report?.vulnerabilities === undefined) {
    const why = report?.message ?? 'npm gave no report';
    return { kind: 'unknown', lines: [`The dependencies could not be checked: ${why}`] };
  }
  const found = Object.entries(report.vulnerabilities);
  if (found.length === 0) return { kind: 'clean', lines: ['No known vulnerability.'] };
  const lines = found.map(([name, { severity, range }]) => `${severity}: ${name} ${range}`);
  return { kind: 'vulnerable', lines };
}

function parse(text: string): Report | null {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return null;
  }
}
