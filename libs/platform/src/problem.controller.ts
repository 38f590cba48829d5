import { Controller, Get, Header, Param } from '@nestjs/common';
import { Access } from './access.guard.ts';
import { isProblemCode, problemCodes } from './problem-codes.ts';
import { Problem, titleOf, typeOf } from './problem.ts';

/** Where the `type` of a problem leads. */
@Controller('problems')
@Access({ by: 'anyone' })
export class ProblemController {
  @Get(':code')
  @Header('cache-control', 'public, max-age=3600')
  tell(@Param('code') code: string): { type: string; title: string; code: string; rule: string } {
    if (!isProblemCode(code)) throw new Problem(404, 'ROUTE.NOT_FOUND', 'there is no problem with this code');
    return { type: typeOf(code), title: titleOf(code), code, rule: problemCodes[code] };
  }
}
