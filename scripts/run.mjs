// The entry of `npm start` and `npm test`. It has to be understood by Node versions that are too old to go
// on, so that they can say so: nothing newer than ES2018 here and in nodeVersion.mjs.
import { tooOld } from './nodeVersion.mjs';

const complaint = tooOld(process.versions.node);
if (complaint) {
	console.error(complaint);
	process.exitCode = 1;
} else {
	import('./launch.mjs').then(function (module) {
		return module.launch(process.argv[2], process.argv.slice(3));
	});
}
