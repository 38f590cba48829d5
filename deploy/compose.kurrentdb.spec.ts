import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const fileOf = (name: string): any => parse(readFileSync(join(import.meta.dirname, name), 'utf8'), { merge: true });
const compose = fileOf('compose.kurrentdb.yaml');
const settings = fileOf('kurrentdb/node.yaml');
const all: [string, any][] = Object.entries(compose.services);
const nodes = all.filter(([name]) => name.startsWith('kurrentdb'));
const cluster = nodes.filter(([, node]) => node.profiles.includes('cluster'));
const optionsOf = (node: any): Map<string, string> => new Map(node.command.map((option: string) => option.slice(2).split(/=(.*)/s, 2)));

/**
 * Options that KurrentDB 26 and EventStoreDB 23.10 both have: a server that finds one it doesn't know does not start
 * (KurrentDB: src/KurrentDB.Core/Configuration/ClusterVNodeOptions.cs, src/KurrentDB.Logging/LoggingOptions.cs;
 * EventStoreDB: src/EventStore.Core/ClusterVNodeOptions.cs).
 */
const known = [
  'AdvertiseHostToClientAs', 'CertificateFile', 'CertificatePrivateKeyFile', 'CertificateReservedNodeCommonName', 'ClusterSize', 'Config', 'DisableLogFile',
  'DiscoverViaDns', 'GossipSeed', 'NodeHostAdvertiseAs', 'NodeIp', 'NodePort', 'ReplicationHostAdvertiseAs', 'ReplicationIp', 'RunProjections', 'TrustedRootCertificatesPath',
];

test('one node, or a cluster of three', () => {
  expect(nodes.filter(([, node]) => node.profiles.includes('single')).map(([name]) => name)).toEqual(['kurrentdb']);
  expect(cluster.map(([name]) => name)).toEqual(['kurrentdb-1', 'kurrentdb-2', 'kurrentdb-3']);
});

test('every image is pinned to a version', () => {
  for (const [, { image }] of all) expect(image).toMatch(/^\$\{KURRENTDB_IMAGE:-[a-z./-]+:\d+\.\d+\.\d+\}$/);
});

test('no option that one of the versions would not know, and none that turns security off', () => {
  const words = (option: string): string => option.split('-').map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  const options = [...Object.keys(settings), ...nodes.flatMap(([, node]) => [...optionsOf(node).keys()].map(words))];
  expect(options.filter((option) => !known.includes(option))).toEqual([]);
  expect(settings).toMatchObject({ RunProjections: 'None', CertificateReservedNodeCommonName: 'kurrentdb-node', TrustedRootCertificatesPath: '/certificates/trusted' });
});

test('passwords have no default', () => {
  for (const [, { environment }] of nodes)
    for (const server of ['KURRENTDB', 'EVENTSTORE'])
      for (const user of ['ADMIN', 'OPS']) expect(environment[`${server}_DEFAULT_${user}_PASSWORD`]).toMatch(new RegExp(`^\\$\\{KURRENTDB_DEFAULT_${user}_PASSWORD:\\?`));
});

test.each(nodes)('%s keeps its data, comes back, and says whether it lives', (name, node) => {
  const [data] = node.volumes.filter((volume: unknown) => typeof volume === 'string');
  expect(data).toBe(`${name}-data:\${KURRENTDB_DATA:-/var/lib/kurrentdb}`);
  expect(compose.volumes).toHaveProperty(`${name}-data`);
  expect(node.restart).toBe('unless-stopped');
  const port = optionsOf(node).get('node-port') ?? '2113';
  expect(node.healthcheck.test.slice(0, 2)).toEqual(['CMD', 'curl']);
  expect(node.healthcheck.test.at(-1)).toBe(`https://localhost:${port}/health/live`);
  expect(node.healthcheck.test).toContain('--cacert');
  expect(node.healthcheck).toMatchObject({ interval: '5s', timeout: '5s' });
  expect(node.ports).toEqual([`\${KURRENTDB_BIND:-127.0.0.1}:${port}:${port}`]);
});

test.each(nodes)('%s has its own certificate, which is put at hand before it starts', (name, node) => {
  const options = optionsOf(node);
  expect(options.get('certificate-file')).toBe(`/certificates/nodes/${name}/node.crt`);
  expect(options.get('certificate-private-key-file')).toBe(`/certificates/nodes/${name}/node.key`);
  expect(node.depends_on).toEqual({ certificates: { condition: 'service_completed_successfully' } });
  expect(compose.services.certificates.profiles).toEqual(expect.arrayContaining(node.profiles));
  expect(node.volumes).toContainEqual({ type: 'volume', source: 'certificates', target: '/certificates', read_only: true });
  expect(node.volumes).toContainEqual({ type: 'bind', source: './kurrentdb/node.yaml', target: options.get('config'), read_only: true });
});

test('no node sees the key of the authority', () => {
  const sources = all.flatMap(([, service]) => service.volumes.map((volume: any) => volume.source ?? volume.split(':')[0]));
  expect([...new Set(sources)].filter((source) => source.startsWith('.')).sort()).toEqual(['./kurrentdb/certificates/nodes', './kurrentdb/certificates/trusted', './kurrentdb/node.yaml']);
});

test.each(cluster)('%s is told of the others, at the ports where they listen, and names itself as its certificate does', (name, node) => {
  const options = optionsOf(node);
  const others = cluster.filter(([other]) => other !== name).map(([other, { command }]) => `${other}:${optionsOf({ command }).get('node-port')}`);
  expect(options.get('cluster-size')).toBe(String(cluster.length));
  expect(options.get('gossip-seed')).toBe(others.join(','));
  expect(options.get('node-host-advertise-as')).toBe(name);
  expect(options.get('replication-host-advertise-as')).toBe(name);
  expect(options.get('advertise-host-to-client-as')).toBe(`\${KURRENTDB_ADVERTISE_${name.at(-1)}:-localhost}`);
});
