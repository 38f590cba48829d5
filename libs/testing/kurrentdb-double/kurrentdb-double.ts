import { randomUUID } from 'node:crypto';
import { createServer, type AddressInfo, type Server as Listener, type Socket } from 'node:net';
import { Server as GrpcServer, ServerCredentials, status, type ServiceError } from '@grpc/grpc-js';
import { append, batchAppend, remove } from './appending.ts';
import { ANY, Log, STREAM_EXISTS } from './log.ts';
import { read } from './reading.ts';
import type { AnyCall, Server } from './server.ts';
import {
  accessDenied, features, gossip, GossipService, refusal, ServerFeaturesService, shared, streams, StreamsService, type IGossipServer, type IServerFeaturesServer, type IStreamsServer,
} from './wire.ts';

export interface KurrentDbDoubleOptions {
  /** '26.0.0' unless given; one below 24 does as EventStoreDB 23.10 does. */
  version?: string;
  /** Any free port unless given. */
  port?: number;
  /** The log is kept in this file too, safe from a crash before an answer is given. In memory alone unless given. */
  file?: string;
  /** A server whose log this one serves too: together they are a cluster, led by the other. */
  joins?: KurrentDbDouble;
  /** In PEM. Without it the port is plain, and no client sends credentials over it. */
  tls?: { key: string | Buffer; cert: string | Buffer };
  /** Who alone may read and write. */
  credentials?: { user: string; password: string };
  /** Largest append in bytes of data, metadata and twice the type's letters; the version's own unless given. */
  appendBytesMax?: number;
  /** Bytes of event ids that are remembered for appends at any revision; 8 MiB unless given. */
  recentIdsBytesMax?: number;
  /** Subscriptions say when they fell behind, as clients can hear, and no server says yet. */
  tellsFellBehind?: boolean;
}

/**
 * A server that speaks KurrentDB's protocol, for tests: the real client talks to it over a real socket. What it does is what the
 * servers' sources do; the places that are cited are of KurrentDB 26.1 (its tag v26.1.0) and EventStoreDB 23.10 (tag oss-v23.10.1).
 *
 * What it does not do of a real server: it keeps all in memory (`file` is a plain list of writes, not chunks and an index); never
 * scavenges; knows no links, projections, persistent subscriptions, secondary indexes, user management, `$maxAge`, access lists of
 * streams, transactions, or the second version of the protocol (several streams in one append), and doesn't say that it had them; its
 * cluster shares one log, so nothing is ever lost, or not replicated yet, when another server leads; regular expressions are
 * JavaScript's; a filtered subscription's checkpoints come after exactly so many events, not at the end of a page; the time-outs of
 * its own on writes under way never strike. Positions are those of a log of such records, but no real one's.
 */
export class KurrentDbDouble {
  private readonly cluster: Cluster;
  private readonly sockets = new Map<string, Socket>();
  private readonly served: Served;
  private grpc: GrpcServer | undefined;
  private listener: Listener | undefined;
  private goOn: () => void = () => {};
  private release: () => void = () => {};

  private constructor(private readonly options: KurrentDbDoubleOptions, private boundPort: number) {
    this.cluster = options.joins?.cluster ?? { log: new Log(options), members: [], leader: undefined };
    this.cluster.members.push(this);
    this.served = new Served(options, this.cluster, () => this.endpoint, (peer) => this.sockets.get(peer)?.destroy());
  }

  static async start(options: KurrentDbDoubleOptions = {}): Promise<KurrentDbDouble> {
    const double = new KurrentDbDouble(options, options.port ?? 0);
    await double.start();
    double.cluster.leader ??= double.endpoint;
    return double;
  }

  /** Where clients connect to, as they write it. */
  get url(): string {
    const { credentials, tls } = this.options;
    const user = credentials ? `${credentials.user}:${credentials.password}@` : '';
    return `kurrentdb://${user}127.0.0.1:${this.boundPort}?tls=${tls !== undefined}`;
  }

  /** The same for all the servers of its cluster; a client asks them which one leads. */
  get clusterUrl(): string {
    const hosts = this.cluster.members.map(({ boundPort }) => `127.0.0.1:${boundPort}`).join(',');
    return `kurrentdb://${hosts}?tls=${this.options.tls !== undefined}`;
  }

  get port(): number {
    return this.boundPort;
  }

  get endpoint(): Endpoint {
    return { host: '127.0.0.1', port: this.boundPort };
  }

  /** What it holds, to be looked at by tests. */
  get log(): Log {
    return this.cluster.log;
  }

  /** Connections that clients have at this moment. */
  get connections(): number {
    return this.sockets.size;
  }

  /** Starts again after `stop`, on the same port and with the same log; recent event ids are forgotten. */
  async start(): Promise<void> {
    const { tls } = this.options;
    if (!this.options.joins) this.log.begin();
    await this.log.written();
    this.grpc = new GrpcServer({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 });
    this.addServices(this.grpc);
    const credentials = tls
      ? ServerCredentials.createSsl(null, [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }])
      : ServerCredentials.createInsecure();
    const { injectConnection } = this.grpc.createConnectionInjector(credentials);
    // Connections are taken here, not by gRPC, so that tests can cut them.
    this.listener = createServer({ noDelay: true }, (socket) => {
      const peer = `${socket.remoteAddress}:${socket.remotePort}`;
      this.sockets.set(peer, socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(peer));
      injectConnection(socket);
    });
    const listener = this.listener;
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.boundPort, '127.0.0.1', resolve);
    });
    this.boundPort = (listener.address() as AddressInfo).port;
  }

  /** Takes no more connections, and cuts those there are. What was written stays. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => (this.listener ? this.listener.close(() => resolve()) : resolve()));
    this.dropConnections();
    this.grpc?.forceShutdown();
    await closed;
    this.sockets.clear();
    this.resume();
    this.releaseAnswers();
  }

  /** Cuts every connection; clients may connect again at once. */
  dropConnections(): void {
    for (const socket of this.sockets.values()) socket.destroy();
  }

  /** The next so many writes take effect, but their connections are cut before an answer. */
  loseAnswers(count: number): void {
    this.served.answersToLose = count;
  }

  /** Answers to writes that are still to be lost. */
  get answersToLose(): number {
    return this.served.answersToLose;
  }

  /** The next so many writes take effect, but their answer is that they took too long, as while other nodes don't keep up. */
  timeOutAnswers(count: number): void {
    this.served.answersToTimeOut = count;
  }

  /** Writes take effect, but aren't answered until `releaseAnswers`. */
  holdAnswers(): void {
    this.served.held ??= new Promise((resolve) => (this.release = resolve));
  }

  releaseAnswers(): void {
    this.served.held = undefined;
    this.release();
  }

  /** Takes requests in, and neither looks at them nor answers nor sends events, until `resume`. Connections stay. */
  pause(): void {
    this.served.paused ??= new Promise((resolve) => (this.goOn = resolve));
  }

  /** Calls that came since it was paused, and whose clients still wait. */
  get waiting(): number {
    return [...this.served.waiting].filter((call) => !call.cancelled).length;
  }

  resume(): void {
    this.served.paused = undefined;
    this.goOn();
  }

  /** It serves nobody, and says so, until it is ready again: as while a leader is elected. */
  set unready(unready: boolean) {
    this.served.unready = unready;
  }

  get unready(): boolean {
    return this.served.unready;
  }

  /** Another server leads from now on, or none does: calls that need the leader are refused, and told where it is. */
  stepDown(to?: Endpoint): void {
    this.cluster.leader = to;
  }

  /** Reading the stream begins at this revision (counted from 0) from now on. */
  async truncateBefore(stream: string, revision: number): Promise<void> {
    this.log.setMetadata(stream, { $tb: revision });
    await this.log.written();
  }

  /** Deletes a stream softly: who writes to it again goes on with its revisions. */
  async deleteStream(stream: string): Promise<void> {
    this.log.delete(stream, STREAM_EXISTS, false);
    await this.log.written();
  }

  /** Deletes a stream for good. */
  async tombstone(stream: string): Promise<void> {
    this.log.delete(stream, ANY, true);
    await this.log.written();
  }

  /** Forgets the event ids that appends at any revision are compared with, as a server does that starts, or leads anew. */
  forgetRecentIds(): void {
    this.log.forgetRecentIds();
  }

  private addServices(grpc: GrpcServer): void {
    const { served } = this;
    const deleted = (position: string) => new streams.DeleteResp().setPosition(new streams.DeleteResp.Position().setCommitPosition(position).setPreparePosition(position));
    const tombstoned = (position: string) => new streams.TombstoneResp().setPosition(new streams.TombstoneResp.Position().setCommitPosition(position).setPreparePosition(position));
    grpc.addService(StreamsService, {
      read: (call) => served.authenticated(call, (error) => call.emit('error', error), () => read(served, call)),
      append: (call, answer) => served.authenticated(call, answer, () => append(served, call, answer)),
      batchAppend: (call) => served.authenticated(call, (error) => call.emit('error', error), () => batchAppend(served, call)),
      delete: (call, answer) => served.authenticated(call, answer, () => remove(served, call, answer, false, deleted)),
      tombstone: (call, answer) => served.authenticated(call, answer, () => remove(served, call, answer, true, tombstoned)),
    } satisfies IStreamsServer);
    grpc.addService(GossipService, { read: (call, answer) => void served.take(call, () => answer(null, this.clusterInfo())) } satisfies IGossipServer);
    grpc.addService(ServerFeaturesService, {
      getSupportedMethods: (call, answer) => void served.take(call, () => answer(null, this.supportedMethods())),
    } satisfies IServerFeaturesServer);
  }

  /** KurrentDB: src/KurrentDB.Core/Services/Transport/Grpc/Gossip.Read.cs. */
  private clusterInfo(): InstanceType<typeof gossip.ClusterInfo> {
    const { LEADER, FOLLOWER, UNKNOWN } = gossip.MemberInfo.VNodeState;
    return new gossip.ClusterInfo().setMembersList(
      this.cluster.members.map((member) =>
        new gossip.MemberInfo()
          .setInstanceId(new shared.UUID().setString(randomUUID()))
          .setTimeStamp(`${Date.now()}0000`)
          .setState(member.unready ? UNKNOWN : same(member.endpoint, this.cluster.leader) ? LEADER : FOLLOWER)
          .setIsAlive(member.listener?.listening ?? false)
          .setHttpEndPoint(new gossip.EndPoint().setAddress(member.endpoint.host).setPort(member.boundPort)),
      ),
    );
  }

  /** KurrentDB: src/KurrentDB.Core/Services/Transport/Grpc/ServerFeatures.cs: the first three numbers of the version, and what it serves. */
  private supportedMethods(): InstanceType<typeof features.SupportedMethods> {
    const answer = new features.SupportedMethods().setEventStoreServerVersion((this.options.version ?? NEWEST).split('.').slice(0, 3).join('.'));
    for (const { path } of [StreamsService, GossipService, ServerFeaturesService].flatMap((service) => Object.values(service) as { path: string }[])) {
      const [, service, method] = path.split('/');
      const supported = new features.SupportedMethod().setServiceName(service!.toLowerCase()).setMethodName(method!.toLowerCase());
      if (path.includes('Streams/Read')) supported.setFeaturesList(['position', 'events']);
      if (path.includes('Streams/BatchAppend')) supported.setFeaturesList(['deadline_duration']);
      answer.addMethods(supported);
    }
    return answer;
  }
}

interface Endpoint {
  host: string;
  port: number;
}

interface Cluster {
  log: Log;
  members: KurrentDbDouble[];
  leader: Endpoint | undefined;
}

const NEWEST = '26.0.0';

/** How one server meets its calls, whatever they ask. */
class Served implements Server {
  readonly version: 23 | 26;
  readonly appendBytesMax: number;
  readonly tellsFellBehind: boolean;
  paused: Promise<void> | undefined;
  held: Promise<void> | undefined;
  unready = false;
  answersToLose = 0;
  answersToTimeOut = 0;
  readonly waiting = new Set<AnyCall>();

  constructor(
    private readonly options: KurrentDbDoubleOptions,
    private readonly cluster: Cluster,
    private readonly self: () => Endpoint,
    private readonly cut: (peer: string) => void,
  ) {
    this.version = Number.parseInt(options.version ?? NEWEST) >= 24 ? 26 : 23;
    // MaxAppendSize of EventStoreDB 23.10 (src/EventStore.Core/ClusterVNodeOptions.cs) and KurrentDB 26 (src/KurrentDB.Core/Configuration/ClusterVNodeOptions.cs).
    this.appendBytesMax = options.appendBytesMax ?? (this.version === 23 ? 1024 * 1024 : 256 * 1024 * 1024);
    this.tellsFellBehind = options.tellsFellBehind ?? false;
  }

  get log(): Log {
    return this.cluster.log;
  }

  async take(call: AnyCall, handle: () => void | Promise<void>): Promise<void> {
    if (this.paused) {
      this.waiting.add(call);
      await this.paused;
      this.waiting.delete(call);
    }
    if (!call.cancelled) await handle();
  }

  /** KurrentDB: src/KurrentDB.Core/Services/Transport/Http/AuthenticationMiddleware.cs: wrong credentials are refused, none are nobody's. */
  authenticated(call: AnyCall, refuse: (error: ServiceError) => void, serve: () => void): void {
    const given = call.metadata.get('authorization')[0];
    if (given === undefined || this.isKnown(call)) serve();
    else refuse(refusal(status.UNAUTHENTICATED, 'Unauthenticated'));
  }

  isKnown(call: AnyCall): boolean {
    const { credentials } = this.options;
    if (!credentials) return true;
    const basic = Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
    return call.metadata.get('authorization')[0] === `Basic ${basic}`;
  }

  refuses(call: AnyCall): ServiceError | undefined {
    if (!this.isKnown(call)) return accessDenied();
    if (this.unready) return refusal(status.UNAVAILABLE, 'Server Is Not Ready');
    // Other writes are forwarded to the leader, and other reads served by whom they came to.
    if (call.metadata.get('requires-leader')[0] !== 'true' || same(this.self(), this.cluster.leader)) return undefined;
    const { leader } = this.cluster;
    if (!leader) return refusal(status.UNKNOWN, 'No leader info available in response');
    return refusal(status.NOT_FOUND, 'Leader info available', {
      exception: 'not-leader',
      'leader-endpoint-host': leader.host,
      'leader-endpoint-port': String(leader.port),
    });
  }

  async mayAnswer(call: AnyCall): Promise<'yes' | 'no' | 'timed-out'> {
    const lost = this.answersToLose > 0;
    if (lost) this.answersToLose -= 1;
    const late = this.answersToTimeOut > 0;
    if (late) this.answersToTimeOut -= 1;
    await this.log.written();
    if (lost) this.cut(call.getPeer());
    if (lost) return 'no';
    if (this.held) await this.held;
    if (this.paused) await this.paused;
    if (call.cancelled) return 'no';
    return late ? 'timed-out' : 'yes';
  }
}

function same(one: Endpoint, other: Endpoint | undefined): boolean {
  return one.host === other?.host && one.port === other.port;
}
