import { campaignMonitor } from './campaignMonitor.mts';
import type { Esp } from './espWorkflow.mts';
import { listmonk } from './listmonk.mts';
import { mailerLite } from './mailerLite.mts';
import { postgreSql } from './postgresql.mts';
import { sendy } from './sendy.mts';

/** File in `workflows/esp/`, without its ending → the ESP that it connects. */
export const ESPS: Readonly<Record<string, Esp>> = {
	'campaign-monitor': campaignMonitor,
	listmonk,
	mailerlite: mailerLite,
	postgresql: postgreSql,
	sendy,
};
