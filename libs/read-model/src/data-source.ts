import { DataSource, type EntitySchema } from 'typeorm';
import { checkpointEntity } from './checkpoints.ts';
import { READ_MODEL_TYPES } from './database.ts';
import { parkedEventEntity } from './parked-events.ts';
import { migrations } from './migrations/migrations.ts';
import type { View } from './view.ts';
import { views as allViews } from './views.ts';

/** Tables of the views, as TypeORM entities. Not yet connected: call `initialize()`. */
export function createDataSource(url: string, views: readonly View[] = allViews): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    schema: 'read_model',
    entities: [checkpointEntity, parkedEventEntity, ...views.flatMap(entitiesOf)],
    migrations,
    synchronize: false,
    extra: { types: READ_MODEL_TYPES },
    poolErrorHandler: () => undefined,
    applicationName: 'read-model',
  });
}

function entitiesOf(view: View): EntitySchema[] {
  return view.rollupEntity ? [view.entity, view.rollupEntity] : [view.entity];
}
