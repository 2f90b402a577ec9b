import type { InboundFaults } from './inboundFaults.mts';
import type { OutboundFaults } from './outboundFaults.mts';

/** Everything that can be broken on demand. */
export interface Faults {
	/** Calls to the Incoming Webhook, REST v2 and the ESP. */
	inbound: InboundFaults;
	/** Deliveries of events. */
	outbound: OutboundFaults;
	/** Repairs all of it. */
	clear(): void;
}
