import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, type KafkaContext } from '@nestjs/microservices';
import { topics } from '#contracts/published.ts';
import { LedgerConsumer } from './ledger-consumer.ts';

/** Where Nest's Kafka transport delivers the ledger's records. */
@Controller()
export class LedgerEventsController {
  constructor(private readonly consumer: LedgerConsumer) {}

  @EventPattern([...topics])
  async receive(@Ctx() context: KafkaContext): Promise<void> {
    const { offset, value } = context.getMessage();
    await this.consumer.receive({ topic: context.getTopic(), partition: context.getPartition(), offset: Number(offset), value: String(value) });
  }
}
