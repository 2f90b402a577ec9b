import { HttpError } from './httpErrors.mts';
import type { Program, Subscriber } from './program.mts';

/**
 * Throws what the api-v2 docs answer for a campaign that is none ("Campaign MF9a78983d1c not found!").
 */
export function checkCampaign({ campaign }: Program, id: string): void {
	if (id !== campaign.id) throw new HttpError(404, `Campaign ${id} not found!`);
}

/** The subscriber with this uuid or e-mail address, or a 404. */
export function subscriberBy(program: Program, idOrEmail: string): Subscriber {
	const subscriber = program.find(idOrEmail);
	if (!subscriber) throw new HttpError(404, `Subscriber ${idOrEmail} not found!`);
	return subscriber;
}

/** The same, for somebody who must be in the campaign too. */
export function memberBy(program: Program, idOrEmail: string): Subscriber {
	const subscriber = subscriberBy(program, idOrEmail);
	if (!subscriber.membership) throw new HttpError(404, `Subscriber ${idOrEmail} not found!`);
	return subscriber;
}
