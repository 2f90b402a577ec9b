import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { alerts } from './alerts.mts';
import type { WorkflowFile } from './canvas.mts';
import { hubSpot } from './contactLists/hubSpot.mts';
import { postgreSql } from './contactLists/postgresql.mts';
import { yourEsp } from './contactLists/yourEsp.mts';
import { ESPS } from './esp/esps.mts';
import { espWorkflow } from './esp/espWorkflow.mts';
import { importing } from './importing.mts';
import { newsletterInABox } from './newsletterInABox.mts';
import { outbox } from './outbox.mts';
import { reconcile } from './reconcile.mts';
import { replay } from './replay.mts';
import { rewards } from './rewards.mts';
import { sparkLoopToYourEsp } from './sparkLoopToYourEsp.mts';
import { yourEspToOutbox } from './yourEspToOutbox.mts';
import { yourEspToSparkLoop } from './yourEspToSparkLoop.mts';

/** File in `workflows/` → the workflow it holds. */
export const WORKFLOWS: Readonly<Record<string, () => WorkflowFile>> = {
	'alerts.json': alerts,
	...Object.fromEntries(
		Object.entries(ESPS).map(([file, esp]) => [`esp/${file}.json`, () => espWorkflow(esp)]),
	),
	'import-existing-subscribers.json': () => importing(yourEsp),
	'import-existing-subscribers-from-hubspot.json': () => importing(hubSpot),
	'import-existing-subscribers-from-postgresql.json': () => importing(postgreSql),
	'newsletter-in-a-box.json': newsletterInABox,
	'outbox.json': outbox,
	'reconcile.json': () => reconcile(yourEsp),
	'reconcile-with-hubspot.json': () => reconcile(hubSpot),
	'reconcile-with-postgresql.json': () => reconcile(postgreSql),
	'replay.json': replay,
	'reward-fulfilment.json': rewards,
	'sparkloop-to-your-esp.json': sparkLoopToYourEsp,
	'your-esp-to-outbox.json': yourEspToOutbox,
	'your-esp-to-sparkloop.json': yourEspToSparkLoop,
};

/** The text of a workflow file, as it lies in `workflows/`. */
export const textOf = (workflow: WorkflowFile): string => `${JSON.stringify(workflow, null, 2)}\n`;

if (import.meta.main) {
	for (const [file, build] of Object.entries(WORKFLOWS)) {
		writeFileSync(path.join(import.meta.dirname, '..', '..', 'workflows', file), textOf(build()));
	}
}
