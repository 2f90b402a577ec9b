const { dest, src } = require('gulp');

// What tsc leaves out of dist; binary files must not be read as text.
exports.default = () =>
	src(['icons/**/*.svg', 'nodes/**/*.node.json'], { base: '.', encoding: false }).pipe(
		dest('dist'),
	);
