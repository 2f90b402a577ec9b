import { beehiiv } from './beehiiv.mts';
import type { Esp } from './espWorkflow.mts';
import { kit } from './kit.mts';
import { klaviyo } from './klaviyo.mts';
import { loops } from './loops.mts';
import { mailerLite } from './mailerLite.mts';
import { postgreSql } from './postgresql.mts';

/** File in `workflows/esp/`, without its ending → the ESP that it connects. */
export const ESPS: Readonly<Record<string, Esp>> = {
	beehiiv,
	kit,
	klaviyo,
	loops,
	mailerlite: mailerLite,
	postgresql: postgreSql,
};
