import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

const SCHEMA = 'reporting';
/** Positions and offsets are below 2^53. */
const asNumber = { to: (value: number) => value, from: (value: string) => Number(value) };

/** How far the topics were read. It moves in one transaction with what was made of the records. */
@Entity({ schema: SCHEMA, name: 'partition' })
export class PartitionRow {
  @PrimaryColumn({ type: 'text' }) topic!: string;
  @PrimaryColumn({ type: 'integer' }) partition!: number;
  @Column({ type: 'bigint', transformer: asNumber }) nextOffset!: number;
  /** Highest seen. */
  @Column({ type: 'bigint', transformer: asNumber }) sequence!: number;
  /** Events handled. */
  @Column({ type: 'bigint', transformer: asNumber }) count!: number;
}

@Entity({ schema: SCHEMA, name: 'action_line' })
export class ActionLineRow {
  @PrimaryColumn({ type: 'text' }) code!: string;
  @Column({ type: 'text' }) title!: string;
}

/** As approved last. */
@Entity({ schema: SCHEMA, name: 'commitment' })
export class CommitmentRow {
  @PrimaryColumn({ type: 'uuid' }) id!: string;
  @Column({ type: 'text' }) title!: string;
  @Column({ type: 'text' }) lead!: string;
  @Column({ type: 'text', array: true }) actionLines!: string[];
  @Column({ type: 'text' }) status!: string;
}

/** Every published update, as published last: were only the latest kept, a retraction would leave none. */
@Entity({ schema: SCHEMA, name: 'progress_update' })
@Index('progress_update_of_commitment', ['commitmentId', 'to'])
export class UpdateRow {
  @PrimaryColumn({ type: 'uuid' }) id!: string;
  @Column({ type: 'uuid' }) commitmentId!: string;
  @Column({ type: 'integer' }) version!: number;
  @Column({ type: 'text' }) agency!: string;
  /** Covered period, both days included. */
  @Column({ type: 'date' }) from!: string;
  @Column({ type: 'date' }) to!: string;
  /** Of the event that published it. */
  @Column({ type: 'bigint', transformer: asNumber }) sequence!: number;
  @Column({ type: 'boolean' }) retracted!: boolean;
}

export const tables = [PartitionRow, ActionLineRow, CommitmentRow, UpdateRow];
