import { activeCampaign } from './activeCampaign.mts';
import { brevo } from './brevo.mts';
import type { Esp } from './espWorkflow.mts';
import { ghost } from './ghost.mts';
import { mailchimp } from './mailchimp.mts';
import { mailerLite } from './mailerLite.mts';
import { mautic } from './mautic.mts';
import { postgreSql } from './postgresql.mts';

/** File in `workflows/esp/`, without its ending → the ESP that it connects. */
export const ESPS: Readonly<Record<string, Esp>> = {
	ghost,
	activecampaign: activeCampaign,
	brevo,
	mailchimp,
	mailerlite: mailerLite,
	mautic,
	postgresql: postgreSql,
};
