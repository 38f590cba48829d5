import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type CustomStrategy, type KafkaOptions, ServerKafka } from '@nestjs/microservices';
import { createHttpApp, listen } from '#platform/http-app.ts';
import { LedgerConsumer } from './ledger-consumer.ts';
import { ReportingModule } from './reporting.module.ts';
import type { ReportingSettings } from './settings.ts';

/** HTTP and Kafka in one Nest app. The reports are served at once; the topics are followed as soon as they are there. */
export async function startReporting(config: ReportingSettings): Promise<NestFastifyApplication> {
  const app = await createHttpApp(ReportingModule.of(config), config);
  const consumer = app.get(LedgerConsumer);
  app.connectMicroservice<CustomStrategy>({ strategy: new LedgerTransport(transportOptions(config), consumer) });
  await listen(app, config);
  consumer.follow(() => app.startAllMicroservices());
  return app;
}

type TransportOptions = Required<KafkaOptions>['options'];

/** Nest's Kafka transport, whose client is listened to from before its first attempt to join the group. */
class LedgerTransport extends ServerKafka {
  constructor(options: TransportOptions, private readonly ledgerConsumer: LedgerConsumer) {
    super(options);
  }

  override async bindEvents(client: Parameters<ServerKafka['bindEvents']>[0]): Promise<void> {
    this.ledgerConsumer.use(client);
    await super.bindEvents(client);
  }
}

function transportOptions(config: ReportingSettings): TransportOptions {
  return {
    postfixId: '',
    client: { clientId: 'action-line-reporting', brokers: config.KAFKA_BROKERS, logLevel: ERRORS, connectionTimeout: 3_000 },
    consumer: {
      groupId: 'action-line-reporting',
      allowAutoTopicCreation: false,
      // A process that was killed holds its partitions for so long.
      sessionTimeout: 6_000,
      // Records arrive at once anyway; this is how long it takes until the client goes where it was told to.
      maxWaitTimeInMs: 500,
      retry: { retries: 8, initialRetryTime: 300, maxRetryTime: 10_000 },
    },
    subscribe: { fromBeginning: true },
    // Side by side across partitions, one after the other within each.
    run: { partitionsConsumedConcurrently: 3 },
    parser: { keepBinary: true },
  };
}

/** kafkajs tells of every step; what goes wrong is enough. */
const ERRORS = 1;
