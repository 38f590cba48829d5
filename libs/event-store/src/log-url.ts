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

/** What may stand behind the question mark: the log's name, and what the client of KurrentDB knows. Of any other the client would print the whole URL. */
const SETTINGS = [
  'log', 'tls', 'tlsCAFile', 'tlsVerifyCert', 'userCertFile', 'userKeyFile', 'nodePreference', 'defaultDeadline', 'keepAliveInterval', 'keepAliveTimeout',
  'gossipTimeout', 'discoveryInterval', 'maxDiscoverAttempts', 'connectionName',
];

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
  const [, rest] = split(url);
  if (!hostsOf(rest)?.every(isHost)) return 'must name one or several hosts, such as kurrentdb://user:password@host:2113,other:2113?tls=true';
  if (settingsOf(rest).every((setting) => SETTINGS.some((known) => flat(known) === flat(setting)))) return undefined;
  return `has a setting that is none of ${SETTINGS.join(', ')}`;
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

function settingsOf(rest: string): string[] {
  return (SEVERAL_HOSTS.exec(rest)?.[2] ?? '').split('&').filter((setting) => setting !== '').map((setting) => setting.split('=')[0]!);
}

/** As the client compares them. */
function flat(setting: string): string {
  return setting.trim().toLowerCase().replace(/[_-]/g, '');
}

function isHost(text: string): boolean {
  const match = HOST.exec(text);
  if (!match) return false;
  const port = Number(match[1] ?? 2113);
  return port >= 1 && port <= 65_535;
}
