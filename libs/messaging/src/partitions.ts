/** Partition of a key: Kafka's own choice (its Java client's), so that any producer would agree. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** Kafka's murmur2: 32 bits, signed, with the seed of org.apache.kafka.common.utils.Utils. */
export function murmur2(data: Uint8Array): number {
  const m = 0x5bd1e995;
  let hash = 0x9747b28c ^ data.length;
  const end = data.length & ~3;
  for (let i = 0; i < end; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24);
    k = Math.imul(k, m);
    k = Math.imul(k ^ (k >>> 24), m);
    hash = Math.imul(hash, m) ^ k;
  }
  const rest = data.length - end;
  if (rest === 3) hash ^= data[end + 2]! << 16;
  if (rest >= 2) hash ^= data[end + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ data[end]!, m);
  hash = Math.imul(hash ^ (hash >>> 13), m);
  return hash ^ (hash >>> 15);
}
