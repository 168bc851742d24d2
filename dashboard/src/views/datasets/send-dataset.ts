import { StrataProblem } from '../../../../client/src/index.js';
import { type Schemas, savedKey } from '../../server.js';

/**
 * Sends `file` as a new dataset. XMLHttpRequest, because fetch cannot tell how much of a body has been sent.
 * @param onShare called with the sent share, 0 to 1
 * @throws StrataProblem, or Error if the server was not reached
 */
export function sendDataset(
  name: string,
  file: File,
  onShare: (share: number) => void,
): Promise<Schemas['Dataset']> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/datasets');
    const key = savedKey();
    if (key !== null) request.setRequestHeader('authorization', `Bearer ${key}`);
    request.upload.onprogress = ({ loaded, total }) => onShare(total > 0 ? loaded / total : 0);
    request.onerror = () => reject(new Error('The server was not reached. Try again.'));
    request.onload = () => {
      const body: unknown = JSON.parse(request.responseText || '{}');
      if (request.status < 300) resolve(body as Schemas['Dataset']);
      else reject(new StrataProblem(new Response(null, { status: request.status }), body as object));
    };
    const form = new FormData();
    form.append('name', name);
    form.append('file', file);
    request.send(form);
  });
}
