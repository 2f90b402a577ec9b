import { activeCampaign } from './activeCampaign.mts';
import { brevo } from './brevo.mts';
import { campaignMonitor } from './campaignMonitor.mts';
import type { Esp } from './espWorkflow.mts';
import { ghost } from './ghost.mts';
import { listmonk } from './listmonk.mts';
import { mailchimp } from './mailchimp.mts';
import { mailerLite } from './mailerLite.mts';
import { mautic } from './mautic.mts';
import { postgreSql } from './postgresql.mts';
import { sendy } from './sendy.mts';

/** File in `workflows/esp/`, without its ending → the ESP that it connects. */
export const ESPS: Readonly<Record<string, Esp>> = {
	activecampaign: activeCampaign,
	brevo,
	'campaign-monitor': campaignMonitor,
	ghost,
	listmonk,
	mailchimp,
	mailerlite: mailerLite,
	mautic,
	postgresql: postgreSql,
	sendy,
};
