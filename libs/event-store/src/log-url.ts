/** The stores that can keep a log. */
export type LogKind = 'PostgreSQL' | 'KurrentDB';

/** By the scheme of the URL. EventStoreDB is what KurrentDB was called before. */
const KINDS: Record<string, LogKind> = {
  postgres: 'PostgreSQL', postgresql: 'PostgreSQL',
  kurrentdb: 'KurrentDB', 'kurrentdb+discover': 'KurrentDB', esdb: 'KurrentDB', 'esdb+discover': 'KurrentDB',
};

/** Name and password, hosts and the rest; several hosts are separated by commas, which no parser of the web's URLs takes. */
const SEVERAL_HOSTS = /^(?:[^@/?#]*@)?([^@/?#]+)\/?(?:\?([^#]*))?$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/;

/** The kind of store that a URL names; undefined where it names none. */
export function kindOfLog(url: string): LogKind | undefined {
  const [scheme] = split(url);
  return Object.hasOwn(KINDS, scheme) ? KINDS[scheme] : undefined;
}

/** The rule that a URL of a log breaks, for people, without any part of the URL: it may hold a password. */
export function wrongInLogUrl(url: string): string | undefined {
  const kind = kindOfLog(url);
  if (kind === undefined) return `must be a URL that starts with ${Object.keys(KINDS).map((scheme) => `${scheme}://`).join(' or ')}`;
  if (kind === 'PostgreSQL') return URL.parse(url)?.host ? undefined : 'must name one host, such as postgresql://user:password@host:5432/database';
  const hosts = hostsOf(split(url)[1]);
  if (hosts?.every(isHost)) return undefined;
  return 'must name one or several hosts, such as kurrentdb://user:password@host:2113,other:2113?tls=true';
}

/** Where a log is, for people: without name and password. */
export function placeOfLog(url: string): string {
  const [scheme, rest] = split(url);
  if (kindOfLog(url) === 'PostgreSQL') {
    const { host, pathname } = new URL(url);
    return `${scheme}://${host}${pathname}`;
  }
  const log = new URLSearchParams(SEVERAL_HOSTS.exec(rest)?.[2]).get('log');
  return `${scheme}://${hostsOf(rest)?.join(',')}${log === null ? '' : `, log ${log}`}`;
}

function split(url: string): [scheme: string, rest: string] {
  const [, scheme = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(.*)$/s.exec(url.trim()) ?? [];
  return [scheme.toLowerCase(), rest];
}

function hostsOf(rest: string): string[] | undefined {
  return SEVERAL_HOSTS.exec(rest)?.[1]!.split(',');
}

function isHost(text: string): boolean {
  const match = HOST.exec(text);
  if (!match) return false;
  const port = Number(match[1] ?? 2113);
  return port >= 1 && port <= 65_535;
}
