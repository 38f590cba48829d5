import type { CallOptions, Metadata } from '@grpc/grpc-js';
import { KurrentDBClient } from '@kurrent/kurrentdb-client';
import gossip from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_grpc_pb.js';
import gossipMessages from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/gossip_pb.js';
import shared from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/shared_pb.js';
import type streams from '@kurrent/kurrentdb-client/generated/kurrentdb/protocols/v1/streams_grpc_pb.js';
import type { LogServer } from '../event-store.ts';

/** A KurrentDB URL, taken apart. */
export interface KurrentDbAddress {
  /** Name of the log: its streams are `{log}.{stream}` on the server, where other logs and programs may live too. */
  log: string;
  /** For the client, whose words are final on everything but the log's name: to the leader, whatever node people prefer. */
  toLeader: string;
  /** To the kind of node that people prefer for following the log. */
  toPreferred: string;
  nodePreference: string;
}

const ADDRESS = /^(?:kurrentdb|esdb)(\+discover)?:\/\/([^/?]+)\/?(?:\?(.*))?$/i;
const LOG_NAME = /^[a-z][a-z0-9_-]{0,49}$/;

/**
 * `kurrentdb://user:password@host:2113,host2:2113?tls=true&log=ledger`, also esdb:// and +discover for a cluster
 * behind one DNS name. All settings but `log` are the client's: tls (on unless false), tlsCAFile, tlsVerifyCert,
 * userCertFile, userKeyFile, defaultDeadline, keepAliveInterval, keepAliveTimeout, gossipTimeout, discoveryInterval,
 * maxDiscoverAttempts, nodePreference, connectionName.
 * @throws Error, without the URL: it may hold a password
 */
export function parseKurrentDbUrl(url: string): KurrentDbAddress {
  const [, discover = '', authority, query] = ADDRESS.exec(url) ?? [];
  if (!authority) throw new Error('the URL of the event store is wrong; one looks like kurrentdb://user:password@host:2113?tls=true');
  const settings = (query ?? '').split('&').filter((setting) => setting !== '');
  const valueOf = (name: string) => settings.find((setting) => isNamed(setting, name))?.split('=')[1];
  const log = valueOf('log') ?? 'ledger';
  if (!LOG_NAME.test(log)) throw new Error('log in the URL of the event store must be lower-case letters, digits, _ and -, at most 50, and begin with a letter');
  const forLeader = settings.filter((setting) => !isNamed(setting, 'log') && !isNamed(setting, 'nodepreference'));
  const nodePreference = valueOf('nodepreference')?.toLowerCase() ?? 'leader';
  const withPreference = (preference: string) => `kurrentdb${discover}://${authority}?${[...forLeader, `nodePreference=${preference}`].join('&')}`;
  return { log, toLeader: withPreference('leader'), toPreferred: withPreference(nodePreference), nodePreference };
}

/** The client compares the names of settings so. */
function isNamed(setting: string, name: string): boolean {
  return setting.split('=')[0]!.toLowerCase().replace(/[_-]/g, '') === name;
}

export function connectTo(connectionString: string): KurrentDBClient {
  return KurrentDBClient.connectionString(connectionString);
}

/** What the client keeps to itself, and offers no other way to. */
export interface Inner {
  GRPCStreamCreator<T>(service: typeof streams.StreamsClient, name: string, create: (client: streams.StreamsClient) => T): () => Promise<T>;
  callArguments(options: { requiresLeader: boolean; deadline: number }): [Metadata, Partial<CallOptions>];
  readonly capabilities: Promise<{ serverVersion: string }>;
  execute<T>(service: typeof gossip.GossipClient, name: string, action: (client: gossip.GossipClient) => Promise<T>): Promise<T>;
  getChannel(): Promise<{ getTarget(): string; close(): void }>;
}

/** @throws what the client throws */
export async function serverOf(client: KurrentDBClient): Promise<LogServer> {
  const inner = client as unknown as Inner;
  const { serverVersion } = await inner.capabilities;
  const [major] = serverVersion.split('.');
  // Named KurrentDB since version 25.
  const product = Number(major) >= 25 ? 'KurrentDB' : 'EventStoreDB';
  return { product, version: serverVersion, role: await roleOf(inner) };
}

/** leader, follower, ... as the cluster's gossip has it, and among how many. */
async function roleOf(inner: Inner): Promise<string> {
  const members = await inner.execute(gossip.GossipClient, 'gossip', (client) =>
    new Promise<gossipMessages.MemberInfo[]>((resolve, reject) => {
      client.read(new shared.Empty(), (error, info) => (error ? reject(error) : resolve(info.getMembersList())));
    }));
  const target = (await inner.getChannel()).getTarget();
  const isTarget = (member: gossipMessages.MemberInfo) => {
    const endPoint = member.getHttpEndPoint();
    return endPoint !== undefined && target.endsWith(`${endPoint.getAddress()}:${endPoint.getPort()}`);
  };
  const self = members.length === 1 ? members[0] : members.find(isTarget);
  const states = Object.entries(gossipMessages.MemberInfo.VNodeState);
  const role = states.find(([, state]) => state === self?.getState())?.[0].toLowerCase() ?? 'a node of unknown role';
  const alive = members.filter((member) => member.getIsAlive()).length;
  return members.length === 1 ? role : `${role}, ${alive} of ${members.length} nodes alive`;
}

/** Ends the client's calls and lets go of its connection, which the client itself would keep. */
export async function disconnect(client: KurrentDBClient): Promise<void> {
  await client.dispose();
  const channel = await (client as unknown as Inner).getChannel().catch(() => undefined);
  channel?.close();
}
