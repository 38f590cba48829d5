import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { X } from '#domain/x.ts';
@Controller('v1')
export class Route { @Post('x') handle(@Body({ schema: X }) body: unknown) { return body; } }
@Module({ controllers: [Route] })
export class AppModule {}
if (process.argv[1]?.endsWith('main.js')) {
const app = await NestFactory.create(AppModule, new FastifyAdapter());
await app.listen(3456);
console.log('up');
await app.close();
}
