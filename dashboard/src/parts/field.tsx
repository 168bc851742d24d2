import type { ReactNode } from 'react';

interface FieldProps {
  /** Id of the control. */
  readonly id: string;
  readonly label: string;
  /** Errors of the value. */
  readonly problems?: readonly string[];
  readonly note?: ReactNode;
  /** Whether it takes two columns of a form. */
  readonly isWide?: boolean;
  readonly children: ReactNode;
}

/** A control under its label. Its problems stand below it. */
export function Field({ id, label, problems = [], note, isWide = false, children }: FieldProps) {
  return (
    <div className={isWide ? 'field double' : 'field'}>
      <label htmlFor={id}>{label}</label>
      {children}
      <Problems of={problems} />
      {note && <p className="note">{note}</p>}
    </div>
  );
}

export function Problems({ of: problems }: { readonly of: readonly string[] }) {
  return problems.map((problem) => (
    <p key={problem} role="alert" className="problem">
      {problem}
    </p>
  ));
}
