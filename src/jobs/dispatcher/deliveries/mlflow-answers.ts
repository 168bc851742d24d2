import type { OutgoingAnswer } from '../../outgoing/send.js';
import { OutgoingError } from '../../outgoing/target.js';

/** MLflow's REST API, version 2.0: mlflow.org/docs/latest/rest-api.html. */
export const API = '/api/2.0/mlflow';

/**
 * Error codes of MLflow (mlflow/protos/databricks.proto). Nothing else of an error is quoted: the host may be one of the
 * operator's own, which answers whatever it likes.
 */
const ERROR_CODES = new Set([
  ...['BAD_REQUEST', 'ENDPOINT_NOT_FOUND', 'INTERNAL_ERROR', 'INVALID_PARAMETER_VALUE', 'INVALID_STATE'],
  ...[
    'NOT_FOUND',
    'NOT_IMPLEMENTED',
    'PERMISSION_DENIED',
    'REQUEST_LIMIT_EXCEEDED',
    'RESOURCE_ALREADY_EXISTS',
  ],
  ...['RESOURCE_CONFLICT', 'RESOURCE_DOES_NOT_EXIST', 'RESOURCE_EXHAUSTED', 'RESOURCE_LIMIT_EXCEEDED'],
  ...['TEMPORARILY_UNAVAILABLE', 'UNAUTHENTICATED'],
]);
/** @param blamed the response that an error message quotes */
export function read(answer: OutgoingAnswer, path: string, blamed = answer): unknown {
  if (answer.status < 200 || answer.status >= 300) {
    const code = errorCodeOf(blamed);
    throw new OutgoingError(`answered ${blamed.status} to ${path}${code === null ? '' : `: ${code}`}`);
  }
  return parsed(answer) ?? notMlflow(path);
}

/** undefined where it is no JSON */
function parsed({ body }: OutgoingAnswer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

/** The value at a path of names in a response, if it exists. A response may contain anything. */
export function at(answer: unknown, names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (inner, name) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, name) : undefined),
    answer,
  );
}

/** The code of an error, if MLflow has it; null otherwise. */
export function errorCodeOf(answer: OutgoingAnswer): string | null {
  const code = at(parsed(answer), ['error_code']);
  return typeof code === 'string' && ERROR_CODES.has(code) ? code : null;
}

/** @throws OutgoingError */
export function notMlflow(path: string): never {
  throw new OutgoingError(
    `gave an answer to ${path} that MLflow does not give; check that this is an MLflow server`,
  );
}
