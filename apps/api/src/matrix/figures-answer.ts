import { z } from 'zod';
import { paces } from '#domain/pace.ts';
import { Money, PlainDate } from '#domain/values.ts';
import type { Figures } from '#read-model/queries/figures.ts';

const PublicStatus = z.enum(['registered', 'active', 'suspended', 'completion-claimed', 'closed', 'withdrawn', 'superseded']);

/** How the commitments of some scope stand: each counts once, whatever it stands in beside. */
export const FiguresAnswer = z
  .object({
    commitments: z.int(),
    byStatus: z.partialRecord(PublicStatus, z.int()).describe('What is zero is left out'),
    byPace: z.partialRecord(z.enum(paces), z.int()).describe('Commitments by their worst target; one without targets counts nowhere'),
    overdue: z.int(),
    lastUpdateOn: PlainDate.nullable(),
  })
  .meta({ id: 'Figures' });

export const ofAgency = {
  asLead: z.int(),
  asPartner: z.int(),
};

export const pledged = z.array(Money).describe('By currency: of the lead alone; neither parts of another commitment nor what was withdrawn or superseded');

export function figuresAnswer({ commitments, byStatus, byPace, overdue, lastUpdateOn }: Figures): z.output<typeof FiguresAnswer> {
  return { commitments, byStatus: byStatus as z.output<typeof FiguresAnswer>['byStatus'], byPace, overdue, lastUpdateOn };
}

export function agencyFiguresAnswer(figures: Figures) {
  return { ...figuresAnswer(figures), asLead: figures.asLead, asPartner: figures.asPartner };
}
