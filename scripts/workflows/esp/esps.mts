import { customerIo } from './customerIo.mts';
import type { Esp } from './espWorkflow.mts';
import { getResponse } from './getResponse.mts';
import { hubSpot } from './hubSpot.mts';
import { iterable } from './iterable.mts';
import { mailerLite } from './mailerLite.mts';
import { postgreSql } from './postgresql.mts';
import { sendGrid } from './sendGrid.mts';

/** File in `workflows/esp/`, without its ending → the ESP that it connects. */
export const ESPS: Readonly<Record<string, Esp>> = {
	'customer-io': customerIo,
	getresponse: getResponse,
	hubspot: hubSpot,
	iterable,
	mailerlite: mailerLite,
	postgresql: postgreSql,
	sendgrid: sendGrid,
};
