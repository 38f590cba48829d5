/** What a pool or a client of pg offers. */
export interface Database {
  query(text: string): Promise<{ rows: { position: string }[] }>;
}

/** Position up to which everything public is in Kafka, for whoever tells how things stand; undefined before any publisher ran. */
export async function publishedPosition(database: Database): Promise<number | undefined> {
  const { rows: [table] } = await database.query("select to_regclass('publisher.progress') as position");
  if (!table?.position) return undefined;
  const { rows: [progress] } = await database.query('select position from publisher.progress');
  return progress ? Number(progress.position) : undefined;
}
