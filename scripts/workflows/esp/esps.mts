import type { Esp } from './espWorkflow.mts';
import { kit } from './kit.mts';
import { mailerLite } from './mailerLite.mts';
import { postgreSql } from './postgresql.mts';

/** File in `workflows/esp/`, without its ending → the ESP that it connects. */
export const ESPS: Readonly<Record<string, Esp>> = {
	kit,
	mailerlite: mailerLite,
	postgresql: postgreSql,
};
