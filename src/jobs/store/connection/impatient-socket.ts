import { Socket } from 'node:net';

/**
 * A socket that ends, with an error as of the operating system, when nothing has gone over it for `silenceMs`. While a
 * query is under way that means that no answer comes; a pool closes connections that are idle sooner.
 */
export function impatientSocket(silenceMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(silenceMs, () => {
    const error = new Error(`Postgres has said nothing for ${silenceMs / 1000} s`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT', errno: -110, syscall: 'read' }));
  });
  return socket;
}
