/** One message of a `text/event-stream` body. */
export interface StreamMessage {
  readonly id: string | null;
  readonly data: string;
}

/**
 * Reads messages from a body as the EventSource standard says. It ignores `event` and `retry`.
 * @param onAlive called for all that comes, comments included
 */
export async function* readMessages(
  body: ReadableStream<Uint8Array>,
  onAlive: () => void = () => undefined,
): AsyncGenerator<StreamMessage> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onAlive();
      const records = (text + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
      // A message that the end of the connection cuts off is sent again after reconnecting.
      text = records.pop() ?? '';
      for (const record of records) {
        const message = parseMessage(record);
        if (message !== null) yield message;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parseMessage(record: string): StreamMessage | null {
  const data: string[] = [];
  let id: string | null = null;
  for (const line of record.split(/\r?\n/)) {
    const [, field, value = ''] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
    if (field === 'data') data.push(value);
    if (field === 'id') id = value;
  }
  return data.length > 0 ? { id, data: data.join('\n') } : null;
}
