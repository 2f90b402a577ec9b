import { createRequire } from 'node:module';
import path from 'node:path';

const EVENTS = path.join(import.meta.dirname, '..', 'dist', 'nodes', 'SparkLoop', 'events');
const require = createRequire(import.meta.url);

type ContactFields = typeof import('../nodes/SparkLoop/events/contactFields.ts');
type ContactUpdates = typeof import('../nodes/SparkLoop/events/contactUpdates.ts');
type EventKey = typeof import('../nodes/SparkLoop/events/eventKey.ts');
type ParseEvent = typeof import('../nodes/SparkLoop/events/parseEvent.ts');

/** What the package does with an event, as it is published. @throws when it is not built */
export const builtEvents = () => ({
	...(require(path.join(EVENTS, 'contactFields.js')) as ContactFields),
	...(require(path.join(EVENTS, 'contactUpdates.js')) as ContactUpdates),
	...(require(path.join(EVENTS, 'eventKey.js')) as EventKey),
	...(require(path.join(EVENTS, 'parseEvent.js')) as ParseEvent),
});
