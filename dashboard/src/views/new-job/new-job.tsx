import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useMemo, useState } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { StrataProblem, specOf } from '../../../../client/src/index.js';
import { Problems } from '../../parts/field.js';
import { PendingPage } from '../../parts/pending-page.js';
import { Problem } from '../../parts/problem.js';
import { problemsAt } from '../../parts/problems-at.js';
import { datasetsQuery, jobQuery, modelsQuery, weightsQuery } from '../../queries.js';
import { strata } from '../../server.js';
import { useDryRun } from './dry-run.js';
import { FieldRow } from './field-row.js';
import { PlanPane } from './plan-pane.js';
import { type Field, fetchFields } from './schema.js';
import { asChoice, startsOf, withTheirNetwork } from './starts.js';
import { pointerOf, type SpecValue } from './value.js';

/** Shown at once; the others stand by section. */
const FIRST = ['/dataset', '/method/stages', '/model/depth', '/epochs', '/max_train_samples'];
const START: SpecValue = { dataset: 'mnist', method: { stages: 2 }, epochs: 2, max_train_samples: 4096 };
export default function NewJobView() {
  const [parameters] = useSearchParams();
  const from = parameters.get('from');
  const source = useQuery({ ...jobQuery(from ?? ''), enabled: from !== null });
  if (from !== null && !source.data) return <PendingPage error={source.error} />;
  return <Form key={from} start={source.data ? { ...specOf(source.data) } : START} />;
}

function Form({ start }: { readonly start: SpecValue }) {
  const [spec, setSpec] = useState(start);
  const [text, setText] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<unknown>(null);
  const [isSending, setSending] = useState(false);
  const [, go] = useLocation();
  const fields = useQuery({
    queryKey: ['fields'],
    queryFn: fetchFields,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const run = useDryRun(spec);
  const error = refusal ?? run.error;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setSending(true);
    try {
      const job = await strata.jobs.create(spec as Parameters<typeof strata.jobs.create>[0]);
      go(`/jobs/${job.id}`);
    } catch (thrown) {
      setRefusal(thrown);
      setSending(false);
    }
  };
  const change = (next: SpecValue) => {
    setRefusal(null);
    setSpec(next);
  };
  return (
    <main className="page">
      <div className="head">
        <h1>New job</h1>
        <div className="actions">
          <button type="button" onClick={() => setText(text === null ? JSON.stringify(spec, null, 2) : null)}>
            {text === null ? 'Edit as JSON' : 'Edit as a form'}
          </button>
        </div>
      </div>
      <div className="columns">
        <form className="main-column" onSubmit={submit}>
          <Problem error={fields.error} />
          {text === null ? (
            <Fields fields={fields.data ?? []} spec={spec} run={run} error={error} onChange={change} />
          ) : (
            <JsonText text={text} setText={setText} onChange={change} />
          )}
          <Others error={error} fields={text === null ? (fields.data ?? []) : []} />
          <button type="submit" className="primary" disabled={isSending}>
            {isSending ? 'Creating…' : 'Create job'}
          </button>
        </form>
        <aside className="rail">
          <PlanPane run={run} />
        </aside>
      </div>
    </main>
  );
}

interface FieldsProps {
  readonly fields: readonly Field[];
  readonly spec: SpecValue;
  readonly run: ReturnType<typeof useDryRun>;
  readonly error: unknown;
  readonly onChange: (spec: SpecValue) => void;
}

function Fields({ fields, spec, run, error, onChange }: FieldsProps) {
  const datasets = useQuery(datasetsQuery());
  const { data: weights = [] } = useQuery(weightsQuery());
  const { data: models = [] } = useQuery(modelsQuery());
  const starts = startsOf(weights, models);
  const known = (datasets.data ?? []).map(({ name }) => name);
  const shownAs = (field: Field, pointer: string): Field => {
    if (pointer === '/dataset' && known.length > 0) return { ...field, kind: 'choice', choices: known };
    return asChoice(field, starts);
  };
  const row = (field: Field) => {
    const pointer = pointerOf(field.path);
    return (
      <FieldRow
        key={pointer}
        field={shownAs(field, pointer)}
        spec={spec}
        resolved={run.job?.spec}
        problems={problemsAt(error, pointer)}
        onChange={(next) => onChange(withTheirNetwork(spec, next, starts))}
      />
    );
  };
  const sections = useMemo(() => sectionsOf(fields), [fields]);
  return (
    <>
      <section className="panel">{fields.filter(isFirst).map(row)}</section>
      {sections.map(([name, members]) => (
        <Section key={name} name={name} members={members} error={error}>
          {members.map(row)}
        </Section>
      ))}
    </>
  );
}

interface SectionProps {
  readonly name: string;
  readonly members: readonly Field[];
  readonly error: unknown;
  readonly children: ReactNode;
}

/** Opens where one of its fields has a problem. Problems of the section itself, such as `/init_from`, are above its fields. */
function Section({ name, members, error, children }: SectionProps) {
  const [isOpen, setOpen] = useState(false);
  const hasProblem = members.some(({ path }) => problemsAt(error, pointerOf(path)).length > 0);
  const own = ownProblems(error, members);
  return (
    <details
      className="panel"
      open={isOpen || hasProblem || own.length > 0}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
    >
      <summary>{name}</summary>
      <Problems of={own} />
      {children}
    </details>
  );
}

/** Problems of the objects that hold fields of a section. */
function ownProblems(error: unknown, members: readonly Field[]): string[] {
  if (!(error instanceof StrataProblem)) return [];
  const holders = new Set(
    members.flatMap(({ path }) => path.slice(1).map((_, end) => pointerOf(path.slice(0, end + 1)))),
  );
  return error.errors.filter(({ pointer }) => holders.has(pointer)).map(({ message }) => message);
}

const isFirst = ({ path }: Field) => FIRST.includes(pointerOf(path));

function sectionsOf(fields: readonly Field[]): [string, Field[]][] {
  const sections = new Map<string, Field[]>();
  for (const field of fields.filter((each) => !isFirst(each))) {
    const name = field.path.length > 1 ? (field.path[0] ?? '').replaceAll('_', ' ') : 'more settings';
    sections.set(name, [...(sections.get(name) ?? []), field]);
  }
  return [...sections];
}

interface JsonProps {
  readonly text: string;
  readonly setText: (text: string) => void;
  readonly onChange: (spec: SpecValue) => void;
}

function JsonText({ text, setText, onChange }: JsonProps) {
  const edit = (next: string) => {
    setText(next);
    const parsed = parsedSpec(next);
    if (parsed) onChange(parsed);
  };
  return (
    <section className="panel">
      <label htmlFor="json">Spec</label>
      <textarea
        id="json"
        rows={24}
        spellCheck={false}
        value={text}
        aria-invalid={parsedSpec(text) === null}
        onChange={({ target }) => edit(target.value)}
      />
      {parsedSpec(text) === null && (
        <p role="alert" className="problem">
          This is not a JSON object. The last version that was one is checked and sent.
        </p>
      )}
    </section>
  );
}

function parsedSpec(text: string): SpecValue | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as SpecValue) : null;
  } catch {
    return null;
  }
}

/** Errors that belong to no field of the form. */
function Others({ error, fields }: { readonly error: unknown; readonly fields: readonly Field[] }) {
  if (error === null) return null;
  const shown = fields.flatMap(({ path }) => path.map((_, end) => pointerOf(path.slice(0, end + 1))));
  const isShown = (pointer: string) =>
    shown.some((each) => pointer === each) ||
    fields.some(({ path }) => pointer.startsWith(`${pointerOf(path)}/`));
  if (
    error instanceof StrataProblem &&
    error.errors.length > 0 &&
    error.errors.every(({ pointer }) => isShown(pointer))
  )
    return null;
  return <Problem error={error} />;
}
