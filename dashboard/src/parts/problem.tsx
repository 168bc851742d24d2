import { StrataProblem } from '../../../client/src/index.js';

/** An error of the API: what is wrong, where, and the remedy. */
export function Problem({ error }: { readonly error: unknown }) {
  if (error === null || error === undefined) return null;
  const message = error instanceof Error ? error.message : String(error);
  const errors = error instanceof StrataProblem ? error.errors : [];
  return (
    <div role="alert" className="problem">
      <p>{message}</p>
      {errors.length > 0 && (
        <ul>
          {errors.map(({ pointer, message: why }) => (
            <li key={pointer + why}>
              <code>{pointer || 'the request'}</code> {why}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
