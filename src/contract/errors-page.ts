import { ERRORS } from './errors.js';

const INTRODUCTION = `# Errors

Generated from src/contract/errors.ts by \`npm run generate\`; a test checks that they agree.

Every HTTP error is \`application/problem+json\` (RFC 9457):

\`\`\`json
{
  "type": "urn:strata:error:invalid_request",
  "title": "The request does not fit the contract",
  "status": 400,
  "detail": "Unknown field; did you mean \`epochs\`?",
  "instance": "/jobs",
  "code": "invalid_request",
  "request_id": "4f6d0e8c-4a0b-4f0e-9d2e-0d6f3a3c1b7a",
  "errors": [{ "in": "body", "pointer": "/epoch", "message": "Unknown field; did you mean \`epochs\`?" }]
}
\`\`\`

Match on \`code\`: texts may improve, codes stay. A failed job or task carries the same codes in its \`error\`. The last
column is what becomes of a task that ends so: \`retry\` runs it again, within its attempts; \`uncounted\` runs it again without
counting (ten times at most without a new checkpoint); \`fatal\` fails the job.

| code | status | title | what to do | task |
|---|---|---|---|---|
`;

/** docs/errors.md, whole. */
export function renderErrorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title, remedy, retry }]) =>
      `| \`${code}\` | ${status} | ${title} | ${remedy} | ${retry} |\n`,
  );
  return INTRODUCTION + rows.join('');
}
