import js from '@eslint/js';
import tseslint from 'typescript-eslint';

// n8n's own configuration lints the package (*.ts). This one is for what is not published.
export default tseslint.config(
	{ files: ['{bench,sandbox,scripts,test}/**/*.mts'] },
	js.configs.recommended,
	tseslint.configs.recommended,
	{
		rules: {
			'@typescript-eslint/no-unused-vars': [
				'error',
				{ argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
			],
		},
	},
	{ ignores: ['**/*.ts', '**/*.js', '**/*.mjs', 'dist/', 'node_modules/'] },
);
