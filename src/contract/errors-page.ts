import { ERRORS } from './errors.js';

const INTRODUCTION = `# Errors

Generated from src/contract/errors/ by \`npm run generate\`; a test checks that they agree.

Every HTTP error is \`application/problem+json\` (RFC 9457):

\`\`\`json
{
  "type": "urn:strata:error:invalid_request",
  "title": "The request does not match the API contract",
  "status": 400,
  "detail": "Unknown field; did you mean \`epochs\`?",
  "instance": "/jobs",
  "code": "invalid_request",
  "request_id": "4f6d0e8c-4a0b-4f0e-9d2e-0d6f3a3c1b7a",
  "errors": [{ "in": "body", "pointer": "/epoch", "message": "Unknown field; did you mean \`epochs\`?" }]
}
\`\`\`

Match errors by \`code\`: texts may improve, codes never change. The \`error\` of a failed job or task has the same codes.
The last column says what happens to a task that ends with the error:

- \`retry\`: the task runs again, up to its maximum number of attempts.
- \`uncounted\`: the task runs again, and this attempt does not count. At most ten such attempts may follow each other without
  a new checkpoint.
- \`wait\`: the task runs again after growing pauses, for about a day, and this attempt does not count.
- \`fatal\`: the job fails.

| code | status | title | what to do | task |
|---|---|---|---|---|
`;

/** The whole text of docs/errors.md. */
export function renderErrorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title, remedy, retry }]) =>
      `| \`${code}\` | ${status} | ${title} | ${remedy} | ${retry} |\n`,
  );
  return INTRODUCTION + rows.join('');
}
