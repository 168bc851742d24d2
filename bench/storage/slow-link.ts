import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../src/provision/processes.js';
import { eventually } from '../../test/support/eventually.js';
import { goTool, type Tool } from '../../test/support/go-tool.js';

/** Connections to a server that take longer, by Toxiproxy. */
export interface SlowLink {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function toxiproxy(): Promise<Tool> {
  return goTool('github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0');
}

/** @param roundTripMs whole milliseconds, all of it on the way back */
export async function startSlowLink(program: string, target: string, roundTripMs: number): Promise<SlowLink> {
  const [control, port] = [await freePort(), await freePort()];
  const child = spawn(program, ['-port', String(control)], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const orders = `http://127.0.0.1:${control}`;
  await eventually('Toxiproxy answers', () =>
    fetch(`${orders}/version`).then(
      () => true,
      () => false,
    ),
  );
  const order = async (path: string, body: object) => {
    const answer = await fetch(orders + path, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`Toxiproxy: ${await answer.text()}`);
  };
  await order('/proxies', {
    name: 'store',
    listen: `127.0.0.1:${port}`,
    upstream: new URL(target).host,
    enabled: true,
  });
  const latency = { type: 'latency', stream: 'downstream', attributes: { latency: roundTripMs } };
  await order('/proxies/store/toxics', latency);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    async stop() {
      child.kill();
      await exited;
    },
  };
}
