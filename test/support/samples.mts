import { readFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.join(import.meta.dirname, '..', 'fixtures');

/** A payload of SparkLoop's documentation. @param name for example `fromSparkLoop/new_referral.article` */
export const sample = (name: string): Record<string, unknown> =>
	JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as Record<string, unknown>;

/** Every payload that SparkLoop documents completely. */
export const COMPLETE_SAMPLES = [
	'fromSparkLoop/sync_subscriber.article',
	'fromSparkLoop/new_referral.article',
	'fromSparkLoop/new_referral.docs',
	'fromSparkLoop/reward_unlocked.article',
	'fromSparkLoop/reward_unlocked.docs',
];
