import { Socket } from 'node:net';

/**
 * A socket that fails with a system error if nothing is sent or received for `silenceMs`. During a query, this
 * means that no response arrives. The pool closes idle connections earlier.
 */
export function impatientSocket(silenceMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(silenceMs, () => {
    const error = new Error(`Postgres has not responded for ${silenceMs / 1000} s`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT', errno: -110, syscall: 'read' }));
  });
  return socket;
}
