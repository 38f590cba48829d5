import { createServer, connect, type AddressInfo } from 'node:net';
import { TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

test('an answer to a write is lost with its connection, though the server has written; everything else passes', async () => {
  const written: string[] = [];
  const server = createServer((socket) => socket.on('data', (bytes) => {
    written.push(bytes.toString());
    socket.write(`did ${bytes.toString()}`);
  }));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const proxy = await TcpProxy.listen(() => (server.address() as AddressInfo).port, (bytes) => bytes.includes('write'));
  const ask = (what: string) => new Promise<string>((resolve) => {
    const socket = connect(proxy.port, '127.0.0.1', () => socket.write(what));
    socket.once('data', (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.once('close', () => resolve('nothing'));
  });
  try {
    expect(await ask('write 1')).toBe('did write 1');
    proxy.cutAnswers(1);
    expect(await ask('read')).toBe('did read');
    expect(await ask('write 2')).toBe('nothing');
    expect(await ask('write 3')).toBe('did write 3');
    expect(proxy.left).toBe(0);
    await until(() => written.length === 4);
    expect(written).toEqual(['write 1', 'read', 'write 2', 'write 3']);
  } finally {
    await proxy.close();
    server.close();
  }
});
