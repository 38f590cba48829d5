import { kindOfLog, placeOfLog } from './log-url.ts';

test.each([
  ['postgres://writer:s3cret@localhost:5432/ledger', 'PostgreSQL', 'postgres://localhost:5432/ledger'],
  ['postgresql://localhost/ledger?sslmode=require', 'PostgreSQL', 'postgresql://localhost/ledger'],
  ['kurrentdb://admin:s3cret@a:2113,b:2113?tls=true', 'KurrentDB', 'kurrentdb://a:2113,b:2113'],
  ['kurrentdb+discover://admin:s3cret@cluster.example/?log=archive&tls=true', 'KurrentDB', 'kurrentdb+discover://cluster.example, log archive'],
  ['ESDB://[::1]:2113', 'KurrentDB', 'esdb://[::1]:2113'],
])('%s is a log in %s, told as %s', (url, kind, place) => {
  expect(kindOfLog(url)).toBe(kind);
  expect(placeOfLog(url)).toBe(place);
});

test.each(['mysql://localhost/log', 'localhost:5432', 'kurrentdb:a', 'constructor://a', ''])('%j names no store', (url) => {
  expect(kindOfLog(url)).toBeUndefined();
});
