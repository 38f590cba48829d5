import { z } from 'zod';
import { PUBLIC_STATUSES } from '#domain/commitment/state.ts';
import { paces } from '#domain/pace.ts';
import { Money, PlainDate } from '#domain/values.ts';
import type { Figures } from '#read-model/queries/figures.ts';

/** How the commitments of some scope stand: each counts once, whatever it stands in beside. */
export const FiguresJson = z
  .object({
    commitments: z.int(),
    byStatus: z.partialRecord(z.enum(PUBLIC_STATUSES), z.int()).describe('What is zero is left out'),
    byPace: z.partialRecord(z.enum(paces), z.int()).describe('Commitments by their worst target; one without targets counts nowhere'),
    overdue: z.int(),
    lastUpdateOn: PlainDate.nullable().describe(
      "Latest of the days on which the commitments' latest updates were published, up to the day of the figures. A commitment whose latest update came after that day adds nothing, whatever it reported before: for what stood there then, ask with asOf",
    ),
  })
  .meta({ id: 'Figures' });

export const ofAgency = {
  asLead: z.int(),
  asPartner: z.int(),
};

export const pledged = z.array(Money).describe('By currency: of the lead alone; neither parts of another commitment nor what was withdrawn or superseded');

export function figuresJson({ commitments, byStatus, byPace, overdue, lastUpdateOn }: Figures): z.output<typeof FiguresJson> {
  return { commitments, byStatus: byStatus as z.output<typeof FiguresJson>['byStatus'], byPace, overdue, lastUpdateOn };
}

export function agencyFiguresJson(figures: Figures) {
  return { ...figuresJson(figures), asLead: figures.asLead, asPartner: figures.asPartner };
}
