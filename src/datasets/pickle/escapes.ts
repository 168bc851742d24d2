/** Text of the instruction V: Latin-1 with \uXXXX and \UXXXXXXXX, as Python's raw-unicode-escape. */
export function fromRawUnicode(line: string): string {
  return line.replaceAll(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (all, short, long) => {
    const code = Number.parseInt(short ?? long, 16);
    return code <= 0x10_ffff ? String.fromCodePoint(code) : all;
  });
}

const NAMED: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
};

/** Bytes of the instruction S, which is a literal of Python 2 in quotes. @returns null where it is none */
export function fromLiteral(line: string): Buffer | null {
  const inner = /^(['"])(.*)\1$/s.exec(line)?.[2];
  if (inner === undefined) return null;
  const text = inner.replaceAll(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S])/g, (_, code: string) => {
    if (/^x../.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8) & 0xff);
    return NAMED[code] ?? code;
  });
  return Buffer.from(text, 'latin1');
}
