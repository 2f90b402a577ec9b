import { setGround, type Ground } from '../../scripts/story/stage.mts';
import { bringOutbox, EspInService, type EspFile } from './espInService.mts';
import { startVendors, type Vendors } from './vendors.mts';

/** A real n8n whose requests to ESPs are answered on this machine. */
export class EspStage {
	readonly vendors: Vendors;
	readonly ground: Ground;

	private constructor(vendors: Vendors, ground: Ground) {
		this.vendors = vendors;
		this.ground = ground;
	}

	static async set(): Promise<EspStage> {
		const vendors = await startVendors();
		try {
			const ground = await setGround({
				n8nPort: 0,
				sandboxPort: 0,
				progress: () => {},
				env: vendors.environment,
			});
			await bringOutbox(ground);
			return new EspStage(vendors, ground);
		} catch (error) {
			await vendors.stop();
			throw error;
		}
	}

	/** Puts an ESP's workflow into service. */
	async bring(esp: EspFile): Promise<EspInService> {
		return await EspInService.start(this.ground, esp);
	}

	async close(): Promise<void> {
		await this.ground.close();
		await this.vendors.stop();
	}
}
