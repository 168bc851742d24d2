import type { components } from '../../../../contract/generated/openapi.js';

/** A signed payload (DSSE 1.0, github.com/secure-systems-lab/dsse). */
type Envelope = components['schemas']['SignedStatement'];

export interface Signer {
  readonly keyId: string;
  sign(bytes: Uint8Array): Uint8Array;
}

const IN_TOTO = 'application/vnd.in-toto+json';

/** Signs an in-toto statement. */
export function signStatement(statement: object, { keyId, sign }: Signer): Envelope {
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = Buffer.from(sign(preAuthEncoding(IN_TOTO, payload))).toString('base64');
  return { payloadType: IN_TOTO, payload: payload.toString('base64'), signatures: [{ keyid: keyId, sig }] };
}

/** The signed bytes: "DSSEv1" SP LEN(type) SP type SP LEN(payload) SP payload. */
function preAuthEncoding(type: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
