import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An authority of this test's own, and a certificate of it for 127.0.0.1. `caFile` is what clients are to trust. */
export function makeCertificate(): { key: Buffer; cert: Buffer; caFile: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'kurrentdb-double-'));
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { stdio: 'pipe' });
  const fresh = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl(...fresh, '-subj', '/CN=Test authority', '-keyout', file('ca.key'), '-out', file('ca.crt'));
  const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'subjectAltName=IP:127.0.0.1', '-CA', file('ca.crt'), '-CAkey', file('ca.key')];
  openssl(...fresh, '-subj', '/CN=127.0.0.1', ...leaf, '-keyout', file('node.key'), '-out', file('node.crt'));
  return {
    key: readFileSync(file('node.key')),
    cert: readFileSync(file('node.crt')),
    caFile: file('ca.crt'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
