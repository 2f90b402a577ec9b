import type { Part } from './part.mts';
import { csv } from './parts/csv.mts';
import { growth } from './parts/growth.mts';
import { map } from './parts/map.mts';
import { pace } from './parts/pace.mts';
import { receive } from './parts/receive.mts';
import { refuse } from './parts/refuse.mts';
import { send } from './parts/send.mts';
import { sendLimited } from './parts/sendLimited.mts';
import { weight } from './parts/weight.mts';

/** The parts in the order in which they run. */
export const PARTS: Readonly<Record<string, Part>> = {
	receive,
	refuse,
	send,
	sendLimited,
	pace,
	map,
	csv,
	weight,
	growth,
};
