import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Stands between clients and a server, and can keep an answer from those that wait for it. */
export class TcpProxy {
  private cutsLeft = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server, readonly port: number) {}

  /**
   * @param to port of the server, asked for at each connection
   * @param isWrite whether these bytes, sent by a client, ask for something to be written; all do unless given
   * @param host of the server; this machine unless given
   */
  static async listen(to: () => number, isWrite: (bytes: Buffer) => boolean = () => true, host = '127.0.0.1'): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const proxy = new TcpProxy(server, (server.address() as AddressInfo).port);
    server.on('connection', (client) => proxy.connect(client, createConnection({ port: to(), host, noDelay: true }), isWrite));
    return proxy;
  }

  /** So many answers to writes are lost from now on, each with its connection: the server has written, and nobody hears of it. */
  cutAnswers(count: number): void {
    this.cutsLeft = count;
  }

  /** Ends every connection that there is; clients may connect again at once. */
  cutConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /** Answers that are still to be lost. */
  get left(): number {
    return this.cutsLeft;
  }

  async close(): Promise<void> {
    this.cutConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private connect(client: Socket, server: Socket, isWrite: (bytes: Buffer) => boolean): void {
    let writing = false;
    const end = (): void => {
      for (const socket of [client, server]) {
        socket.destroy();
        this.sockets.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      this.sockets.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
    client.on('data', (bytes: Buffer) => {
      writing = isWrite(bytes);
      pass(bytes, client, server);
    });
    server.on('data', (bytes: Buffer) => {
      if (!writing || this.cutsLeft === 0) return pass(bytes, server, client);
      this.cutsLeft -= 1;
      end();
    });
  }
}

function pass(bytes: Buffer, from: Socket, to: Socket): void {
  if (to.write(bytes)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
