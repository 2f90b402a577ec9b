import { activeCampaign } from './activeCampaign.mts';
import { beehiiv } from './beehiiv.mts';
import { brevo } from './brevo.mts';
import { campaignMonitor } from './campaignMonitor.mts';
import { customerIo } from './customerIo.mts';
import type { Esp } from './espWorkflow.mts';
import { getResponse } from './getResponse.mts';
import { ghost } from './ghost.mts';
import { hubSpot } from './hubSpot.mts';
import { iterable } from './iterable.mts';
import { kit } from './kit.mts';
import { klaviyo } from './klaviyo.mts';
import { listmonk } from './listmonk.mts';
import { loops } from './loops.mts';
import { mailchimp } from './mailchimp.mts';
import { mailerLite } from './mailerLite.mts';
import { mautic } from './mautic.mts';
import { postgreSql } from './postgresql.mts';
import { sendGrid } from './sendGrid.mts';
import { sendy } from './sendy.mts';

/** File in `workflows/esp/`, without its ending → the ESP that it connects. */
export const ESPS: Readonly<Record<string, Esp>> = {
	activecampaign: activeCampaign,
	beehiiv,
	brevo,
	'campaign-monitor': campaignMonitor,
	'customer-io': customerIo,
	getresponse: getResponse,
	ghost,
	hubspot: hubSpot,
	iterable,
	kit,
	klaviyo,
	listmonk,
	loops,
	mailchimp,
	mailerlite: mailerLite,
	mautic,
	postgresql: postgreSql,
	sendgrid: sendGrid,
	sendy,
};
