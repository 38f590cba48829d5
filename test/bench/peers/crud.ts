// What a team would write instead of the ledger, for the bench `command`: Nest, Fastify and TypeORM; validate, load,
// check, save a row and an audit row in one transaction. A process of its own, started by command.bench.ts.
import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import {
  Body, CanActivate, ConflictException, Controller, createParamDecorator, ExecutionContext, ForbiddenException, HttpCode, Headers,
  Injectable, Module, NotFoundException, Param, Post, StandardSchemaValidationPipe, UnauthorizedException, UnprocessableEntityException, UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { InjectDataSource, TypeOrmModule } from '@nestjs/typeorm';
import { jwtVerify } from 'jose';
import {
  Column, DataSource, Entity, type EntityManager, In, Index, JoinColumn, ManyToOne, OneToMany, PrimaryColumn, PrimaryGeneratedColumn, QueryFailedError,
} from 'typeorm';
import { z } from 'zod';
// The same body, to the letter; the peers' package.json hides the repository's `#domain`.
import { ProgressContent, type Observation } from '../../../libs/domain/src/commitment/content.ts';
import { PlainDate } from '../../../libs/domain/src/values.ts';
import { LOCAL_AUDIENCE, LOCAL_ISSUER, localPublicKey } from '../../../libs/platform/src/auth/local-key.ts';

@Entity('agency')
class Agency {
  @PrimaryColumn('text') code!: string;
}

@Entity('indicator')
class Indicator {
  @PrimaryColumn('text') code!: string;
  @Column('text') unit!: string;
  @Column('numeric', { nullable: true }) min!: string | null;
  @Column('numeric', { nullable: true }) max!: string | null;
}

@Entity('commitment')
class Commitment {
  @PrimaryColumn('uuid') id!: string;
  @Column('text') status!: string;
  @ManyToOne(() => Agency) @JoinColumn({ name: 'lead' }) lead!: Agency;
  @Column('jsonb') content!: object;
  @OneToMany(() => Partner, (partner) => partner.commitment) partners!: Partner[];
  @OneToMany(() => Target, (target) => target.commitment) targets!: Target[];
}

@Entity('partner')
class Partner {
  @PrimaryGeneratedColumn() id!: number;
  @Index() @ManyToOne(() => Commitment, (commitment) => commitment.partners) @JoinColumn({ name: 'commitment' }) commitment!: Commitment;
  @Column('text') agency!: string;
}

@Entity('target')
class Target {
  @PrimaryColumn('uuid') id!: string;
  @Index() @ManyToOne(() => Commitment, (commitment) => commitment.targets) @JoinColumn({ name: 'commitment' }) commitment!: Commitment;
  @Column('text') indicator!: string;
  @Column('int') version!: number;
}

@Entity('progress_update')
@Index(['author', 'idempotencyKey'], { unique: true })
class ProgressUpdate {
  @PrimaryColumn('uuid') id!: string;
  @Index() @ManyToOne(() => Commitment) @JoinColumn({ name: 'commitment' }) commitment!: { id: string };
  @Column('int') version!: number;
  @Column('text') status!: string;
  @Column('text') agency!: string;
  @Column('text') author!: string;
  @Column('text', { name: 'idempotency_key' }) idempotencyKey!: string;
  @Column('date', { name: 'occurred_on' }) occurredOn!: string;
  @Column('jsonb') content!: object;
  @Column('jsonb', { name: 'target_versions' }) targetVersions!: object;
  @Column('timestamptz', { name: 'created_at', default: () => 'now()' }) createdAt!: Date;
}

@Entity('audit')
class Audit {
  @PrimaryGeneratedColumn({ type: 'bigint' }) id!: string;
  @Column('timestamptz', { default: () => 'now()' }) at!: Date;
  @Column('text') actor!: string;
  @Column('text') agency!: string;
  @Column('text') role!: string;
  @Column('text') action!: string;
  @Column('text') subject!: string;
  @Column('jsonb') details!: object;
}

const SubmitProgress = z.strictObject({ content: ProgressContent, occurredOn: PlainDate.optional() });
type SubmitProgress = z.output<typeof SubmitProgress>;
const Id = z.strictObject({ id: z.uuid() });
const Key = z.string().regex(/^[\x21-\x7e]{1,200}$/);
const Claims = z.object({ sub: z.string(), agency: z.string(), role: z.string() });

interface User {
  id: string;
  agency: string;
  role: string;
}
interface Answer {
  id: string;
  status: string;
}
const CurrentUser = createParamDecorator((_: unknown, context: ExecutionContext): User => context.switchToHttp().getRequest<{ user: User }>().user);

const key = await localPublicKey(process.env['DATA_DIR']!);

@Injectable()
class FocalPointGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<{ headers: Record<string, string | undefined>; user: User }>();
    const [, token] = /^Bearer (\S+)$/.exec(request.headers['authorization'] ?? '') ?? [];
    if (token === undefined) throw new UnauthorizedException();
    const { payload } = await jwtVerify(token, key, { issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, algorithms: ['EdDSA'], requiredClaims: ['sub', 'exp'] })
      .catch((cause: unknown) => { throw new UnauthorizedException('invalid token', { cause }); });
    const { sub, agency, role } = Claims.parse(payload);
    if (role !== 'focal-point') throw new ForbiddenException();
    request.user = { id: sub, agency, role };
    return true;
  }
}

@Injectable()
class ProgressService {
  constructor(@InjectDataSource() private readonly database: DataSource) {}

  async submit(id: string, body: SubmitProgress, user: User, idempotencyKey: string): Promise<Answer> {
    try {
      return await this.database.transaction((manager) => this.save(manager, id, body, user, idempotencyKey));
    } catch (error) {
      if (!(error instanceof QueryFailedError) || (error.driverError as { code?: string }).code !== '23505') throw error;
      const first = await this.database.getRepository(ProgressUpdate).findOneByOrFail({ author: user.id, idempotencyKey });
      return { id: first.id, status: first.status };
    }
  }

  private async save(manager: EntityManager, id: string, { content, occurredOn }: SubmitProgress, user: User, idempotencyKey: string): Promise<Answer> {
    const today = new Date().toISOString().slice(0, 10);
    // Not findOne: for its limit it would ask for the ids first, in a query of their own.
    const [commitment] = await manager.find(Commitment, { where: { id }, relations: { lead: true, partners: true, targets: true } });
    if (!commitment) throw new NotFoundException();
    if (![commitment.lead.code, ...commitment.partners.map(({ agency }) => agency)].includes(user.agency)) throw new ForbiddenException();
    if (!['registered', 'active', 'suspended', 'completion-claimed'].includes(commitment.status)) throw new ConflictException('it has ended');
    await check(manager, content, today);
    const observed = content.observations.map(({ indicator }) => indicator);
    const targetVersions = Object.fromEntries(commitment.targets.filter(({ indicator }) => observed.includes(indicator)).map((target) => [target.id, target.version]));

    const update = {
      id: randomUUID(), commitment: { id }, version: 1, status: 'proposed', agency: user.agency, author: user.id, idempotencyKey,
      occurredOn: occurredOn ?? today, content, targetVersions,
    };
    await manager.insert(ProgressUpdate, update);
    await manager.insert(Audit, {
      actor: user.id, agency: user.agency, role: user.role, action: 'submit-progress', subject: id, details: { updateId: update.id, content, targetVersions },
    });
    return { id: update.id, status: update.status };
  }
}

async function check(manager: EntityManager, content: z.output<typeof ProgressContent>, today: string): Promise<void> {
  if (content.from > content.to || content.to > today) throw new UnprocessableEntityException('period');
  if (content.notAssessed ? content.observations.length > 0 : content.observations.length + content.narrative.length === 0) throw new UnprocessableEntityException('content');
  if (content.observations.length > 0) {
    const indicators = await manager.findBy(Indicator, { code: In(content.observations.map(({ indicator }) => indicator)) });
    for (const observation of content.observations) checkObservation(observation, indicators.find(({ code }) => code === observation.indicator), today);
  }
  const issuers = new Set(content.evidence.flatMap(({ issuer }) => issuer ?? []));
  if (issuers.size > 0 && (await manager.countBy(Agency, { code: In([...issuers]) })) < issuers.size) throw new UnprocessableEntityException('issuer');
  if (content.evidence.some(({ date }) => date !== undefined && date > today)) throw new UnprocessableEntityException('date of evidence');
}

function checkObservation({ unit, value, asOf }: Observation, indicator: Indicator | undefined, today: string): void {
  if (!indicator || indicator.unit !== unit) throw new UnprocessableEntityException('indicator or unit');
  if (asOf > today) throw new UnprocessableEntityException('asOf');
  for (const bound of [value.low, value.high ?? value.low])
    if ((indicator.min !== null && Number(bound) < Number(indicator.min)) || (indicator.max !== null && Number(bound) > Number(indicator.max))) throw new UnprocessableEntityException('range');
}

@Controller('v1/commitments')
@UseGuards(FocalPointGuard)
class ProgressController {
  constructor(private readonly progress: ProgressService) {}

  @Post(':id/progress-updates')
  @HttpCode(201)
  submit(
    @Param({ schema: Id }) { id }: z.output<typeof Id>,
    @Body({ schema: SubmitProgress }) body: SubmitProgress,
    @Headers('idempotency-key') idempotencyKey: string,
    @CurrentUser() user: User,
  ): Promise<Answer> {
    if (!Key.safeParse(idempotencyKey).success) throw new UnprocessableEntityException('Idempotency-Key');
    return this.progress.submit(id, body, user, idempotencyKey);
  }
}

@Module({
  imports: [TypeOrmModule.forRoot({
    type: 'postgres', url: process.env['DATABASE_URL']!, poolSize: Number(process.env['POOL_SIZE']), synchronize: true, logging: false,
    entities: [Agency, Indicator, Commitment, Partner, Target, ProgressUpdate, Audit],
  })],
  controllers: [ProgressController],
  providers: [ProgressService],
})
class CrudModule {}

const app = await NestFactory.create<NestFastifyApplication>(CrudModule, new FastifyAdapter(), { logger: ['error', 'warn'] });
app.useGlobalPipes(new StandardSchemaValidationPipe());
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT']), '127.0.0.1');
