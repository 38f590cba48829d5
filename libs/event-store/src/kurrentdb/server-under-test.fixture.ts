import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { KurrentDbDouble } from '#kurrentdb-double/kurrentdb-double.ts';
import { TcpProxy } from '#testing/tcp-proxy.ts';

/** What specs know of a server, be it the double or a real one. */
export interface ServerUnderTest {
  /** As EVENT_STORE_URL has it, of a log that nobody has written to. */
  newLog(): string;
  /** Of the server alone, for a client of one's own. */
  url: string;
  /** Cuts the connections that there are to the server. */
  breakConnections(): void;
  stop(): Promise<void>;
}

/**
 * The server that KURRENTDB_URL names, or the double where it names none. A real server needs not be empty: each log's
 * name is random, and nothing of it is removed.
 */
export function openServer(): Promise<ServerUnderTest> {
  const { KURRENTDB_URL: url } = process.env;
  return url ? openRealServer(url) : openDouble();
}

async function openDouble(): Promise<ServerUnderTest> {
  const double = await KurrentDbDouble.start();
  // The client waits so long before its first read; half a second unless told.
  const url = `${double.url}&discoveryInterval=20`;
  return { url, newLog: () => named(url), breakConnections: () => double.dropConnections(), stop: () => double.stop() };
}

/**
 * Through a proxy, where that can be: the server is one node, and known by a name that the proxy may bear too. Elsewhere
 * (a cluster, whose nodes name one another; a certificate of another machine) only the connections of the client's half in
 * JavaScript are cut, by which it appends and subscribes, and not those of its native reader.
 */
async function openRealServer(given: string): Promise<ServerUnderTest> {
  const url = withoutLog(given);
  const [, host, port = '2113'] = ONE_NODE.exec(url) ?? [];
  if (host && (/[?&]tls=false/i.test(url) || LOOPBACK.test(host))) {
    const proxy = await TcpProxy.listen(() => Number(port), undefined, host);
    const near = LOOPBACK.test(host) ? host : '127.0.0.1';
    const proxied = url.replace(ONE_NODE, (whole) => whole.replace(/[^@/]+$/, `${near}:${proxy.port}`));
    return { url: proxied, newLog: () => named(proxied), breakConnections: () => proxy.cutConnections(), stop: () => proxy.close() };
  }
  const sockets = new OwnSockets();
  return { url, newLog: () => named(url), breakConnections: () => sockets.cut(), stop: async () => sockets.stop() };
}

const ONE_NODE = /^(?:kurrentdb|esdb):\/\/(?:[^@/?]+@)?([^@:,/?]+)(?::(\d+))?(?=[/?]|$)/i;
const LOOPBACK = /^(localhost|127\.0\.0\.1)$/i;

function named(url: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}log=t${randomUUID().slice(0, 8)}`;
}

function withoutLog(url: string): string {
  const [place, query = ''] = url.split('?');
  const others = query.split('&').filter((setting) => setting !== '' && !/^log=/i.test(setting));
  return others.length > 0 ? `${place}?${others.join('&')}` : place!;
}

/** Connections that this process makes from now on. */
class OwnSockets {
  private readonly open = new Set<Socket>();

  constructor() {
    subscribe('net.client.socket', this.made);
  }

  cut(): void {
    for (const socket of this.open) socket.destroy();
  }

  stop(): void {
    unsubscribe('net.client.socket', this.made);
  }

  private readonly made = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    this.open.add(socket);
    socket.on('close', () => this.open.delete(socket));
  };
}
