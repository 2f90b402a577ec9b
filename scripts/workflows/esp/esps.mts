import type { Esp } from './espWorkflow.mts';
import { ghost } from './ghost.mts';
import { mailerLite } from './mailerLite.mts';
import { postgreSql } from './postgresql.mts';

/** File in `workflows/esp/`, without its ending → the ESP that it connects. */
export const ESPS: Readonly<Record<string, Esp>> = {
	ghost,
	mailerlite: mailerLite,
	postgresql: postgreSql,
};
