import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from 'wouter';
import { moment } from '../../format.js';
import { Panel } from '../../parts/panel.js';
import { Problem } from '../../parts/problem.js';
import { promotionsQuery } from '../../queries.js';
import { type Schemas, strata } from '../../server.js';
import { PromoteForm } from './promote-form.js';
import { wordsOf } from './words.js';

type Promotion = Schemas['Promotion'];

/** Promotions with their evidence, those that wait for a decision first, and a form that asks for one. */
export function PromotionsPanel({ model }: { readonly model: Schemas['RegisteredModel'] }) {
  const { data = [], error } = useQuery(promotionsQuery(model.name));
  const waiting = data.filter(({ state }) => state === 'pending');
  const decided = data.filter(({ state }) => state !== 'pending');
  return (
    <Panel
      title="Promotions"
      note="Evidence is what the newest evaluations said when the rule was last checked."
    >
      <PromoteForm model={model} />
      <Problem error={error} />
      {data.length === 0 && <p className="quiet">Nobody has asked for an alias yet.</p>}
      {[...waiting, ...decided].map((promotion) => (
        <PromotionArticle key={promotion.id} promotion={promotion} />
      ))}
    </Panel>
  );
}

function PromotionArticle({ promotion }: { readonly promotion: Promotion }) {
  const { id, state, version, alias, model_id: model, note, created_at: at, reason, evidence } = promotion;
  return (
    <article className="entry" aria-labelledby={`title-${id}`}>
      <div className="head">
        <h3 id={`title-${id}`}>
          <Link href={`/models/${model}`}>version {version}</Link> to {alias}
        </h3>
        <span className={`badge ${state}`}>{state}</span>
        <span className="quiet">{moment(at)}</span>
        {state === 'pending' && <Decision promotion={promotion} />}
      </div>
      {note && <p>{note}</p>}
      {reason !== null && <p className="said">{reason}</p>}
      {promotion.forced_reason !== null && <p className="warn">Forced: {promotion.forced_reason}</p>}
      {evidence.length > 0 && <Evidence evidence={evidence} />}
      <Approvals promotion={promotion} />
    </article>
  );
}

function Evidence({ evidence }: Pick<Promotion, 'evidence'>) {
  return (
    <ul className="plain">
      {evidence.map(({ requirement, met, reason, evaluations }) => (
        <li key={JSON.stringify(requirement)}>
          <span className={met ? 'good' : 'bad'}>{met ? 'met' : 'not met'}</span> {wordsOf(requirement)}.{' '}
          <span className="quiet">{reason}</span>{' '}
          {evaluations.map((evaluation, index) => (
            <Link key={evaluation} href={`/evaluations/${evaluation}`}>
              evaluation{evaluations.length > 1 && ` ${index + 1}`}{' '}
            </Link>
          ))}
        </li>
      ))}
    </ul>
  );
}

function Approvals({ promotion: { approvals } }: { readonly promotion: Promotion }) {
  if (approvals.length === 0) return null;
  const said = approvals.map(({ by, at }) => `${by === null ? 'without a key' : `by ${by}`}, ${moment(at)}`);
  return <p className="quiet said">Approved {said.join('; ')}.</p>;
}

function Decision({ promotion: { id, name } }: { readonly promotion: Promotion }) {
  const queries = useQueryClient();
  const { mutate, error, isPending } = useMutation({
    mutationFn: (verb: 'approve' | 'reject') => strata.registry[verb](id),
    onSettled: () => queries.invalidateQueries({ queryKey: ['registry', name] }),
  });
  return (
    <div className="actions">
      <button type="button" className="primary" disabled={isPending} onClick={() => mutate('approve')}>
        Approve
      </button>
      <button type="button" className="danger" disabled={isPending} onClick={() => mutate('reject')}>
        Reject
      </button>
      <Problem error={error} />
    </div>
  );
}
