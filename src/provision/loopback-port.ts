import { writeFile } from 'node:fs/promises';
import { canListen, freePort, readText } from './processes.js';

/** The port of a server's folder: the one that it had last, so that its clients find it again. */
export class LoopbackPort {
  private settled = false;

  constructor(private readonly file: string) {}

  async current(): Promise<string> {
    return (await readText(this.file)) ?? '';
  }

  /** For a launch: another one where something else listens on the last, unless clients know it already. */
  async choose(): Promise<string> {
    const last = await this.current();
    if (last && (this.settled || (await canListen('127.0.0.1', Number(last))))) return last;
    const port = String(await freePort());
    await writeFile(this.file, port);
    return port;
  }

  /** The server has answered there: clients know it. */
  settle(): void {
    this.settled = true;
  }
}
